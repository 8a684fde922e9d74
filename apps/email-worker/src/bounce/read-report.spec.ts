import { readReport } from './read-report.js';

const complaint = (fields: string[], returned: string[] = ['Message-ID: <1@angarium.test>', 'To: Ada <ada@example.com>']) =>
  [
    ...['From: <abusedesk@example.com>', 'To: post@angarium.test', 'Subject: FW: News', 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=feedback-report; boundary=b', ''],
    ...['--b', 'Content-Type: text/plain; charset="US-ASCII"', '', 'This is an email abuse report.', ''],
    ...['--b', 'Content-Type: message/feedback-report', '', ...fields, 'User-Agent: SomeGenerator/1.0', 'Version: 1', ''],
    ...['--b', 'Content-Type: message/rfc822', 'Content-Disposition: inline', '', ...returned, 'Subject: News', '', 'Spam Spam Spam', '', '--b--', ''],
  ].join('\r\n');

const delivery = (groups: string[][]) =>
  [
    ...['From: mailer@example.com', 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b', '', '--b', 'Content-Type: message/delivery-status', ''],
    ...['Reporting-MTA: dns; mx.example.com', '', ...groups.flatMap((group) => [...group, ''])],
    ...['--b', 'Content-Type: text/rfc822-headers', '', 'Message-ID: <1@angarium.test>', '', '--b--', ''],
  ].join('\r\n');

describe('a complaint (RFC 5965)', () => {
  it('names the mail and who complains', async () => {
    expect(await readReport(complaint(['Feedback-Type: abuse', 'Original-Rcpt-To: <Ada@Example.com>']))).toEqual({
      messageIds: ['<1@angarium.test>'],
      recipients: [{ kind: 'complaint', status: null, address: 'ada@example.com' }],
    });
  });

  it('names all who complain, where there are several', async () => {
    const { recipients } = await readReport(complaint(['Feedback-Type: abuse', 'Original-Rcpt-To: <ada@example.com>', 'Original-Rcpt-To: <bob@example.com>'], ['Message-ID: <1@angarium.test>']));
    expect(recipients.map(({ address }) => address)).toEqual(['ada@example.com', 'bob@example.com']);
  });

  it('without the recipient is about whom the mail was to', async () => {
    const { recipients } = await readReport(complaint(['Feedback-Type: abuse']));
    expect(recipients).toEqual([{ kind: 'complaint', status: null, address: 'ada@example.com' }]);
  });

  it('takes in nobody else to whom the mail was', async () => {
    const toBoth = ['Message-ID: <1@angarium.test>', 'To: ada@example.com, Bob <bob@example.com>'];
    expect((await readReport(complaint(['Feedback-Type: abuse', 'Original-Rcpt-To:', ' <bob@example.com>'], toBoth))).recipients).toMatchObject([{ address: 'bob@example.com' }]);
    expect((await readReport(complaint(['Feedback-Type: abuse'], toBoth))).recipients).toEqual([]);
  });

  it.each(['fraud', 'opt-out', 'Abuse'])('of the type %s is one', async (type) => {
    expect((await readReport(complaint([`Feedback-Type: ${type}`]))).recipients).toHaveLength(1);
  });

  it.each(['not-spam', 'auth-failure', 'virus', 'other', ''])('of the type "%s" is none: nobody says that the mail was not wanted', async (type) => {
    expect((await readReport(complaint([`Feedback-Type: ${type}`]))).recipients).toEqual([]);
  });
});

describe('a delivery report (RFC 3464)', () => {
  it.each([
    ['failed', '5.1.1', 'hard'],
    ['failed', '4.4.7', 'soft'],
    ['failed', '4.2.2', 'soft'],
    ['delayed', '4.4.1', 'soft'],
    ['delivered', '2.0.0', 'delivered'],
    ['relayed', '2.0.0', 'delivered'],
  ])('that says "%s" with %s is %s', async (action, status, kind) => {
    const { recipients } = await readReport(delivery([['Final-Recipient: rfc822; ada@example.com', `Action: ${action}`, `Status: ${status}`]]));
    expect(recipients).toEqual([{ kind, status, address: 'ada@example.com' }]);
  });

  it('says of each recipient for itself what became of the mail, by the address that we wrote to', async () => {
    const forwarded = ['Original-Recipient: rfc822;Ada@example.com', 'Final-Recipient: rfc822; inner@host.example.com', 'Action: failed', 'Status: 5.2.1 (disabled)'];
    const full = ['Final-Recipient: rfc822; bob@example.com', 'Action: delayed', 'Status: 4.2.2'];
    expect((await readReport(delivery([forwarded, full]))).recipients).toMatchObject([
      { address: 'ada@example.com', kind: 'hard', status: '5.2.1' },
      { address: 'bob@example.com', kind: 'soft' },
    ]);
  });
});
