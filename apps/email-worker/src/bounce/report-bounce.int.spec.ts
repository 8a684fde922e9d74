import { EmailBounced, EmailSent, ReportEmailBounce } from '@angarium/contracts';
import { followContext, runInContext } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { uuidV7 } from '../claim/uuid-v7.js';
import { startWorkerGround, type WorkerGround } from '../testing/start-worker.js';

let ground: WorkerGround;
beforeAll(async () => {
  ground = await startWorkerGround();
  await ground.start();
});
afterAll(() => ground.close());
stopAfterTests();

/** A mail to these addresses that is in the ledger as sent. */
async function sentTo(...to: string[]) {
  const idempotencyKey = uuidV7();
  await ground.queues.sendEmail({ to, subject: 'News', text: 'of today' }, { idempotencyKey });
  const [sent] = await waitFor(async () => {
    const events = await ground.eventsOf(EmailSent, idempotencyKey);
    return events.length > 0 && events;
  }, { what: 'email.sent' });
  return { deliveryId: sent!.deliveryId, messageId: sent!.messageId };
}
const someAddress = () => `${uuidV7()}@example.com`;

const report = (type: string, parts: string[][]) =>
  ['From: mailer@example.com', 'MIME-Version: 1.0', `Content-Type: multipart/report; report-type=${type}; boundary=b`, '', ...parts.flatMap((part) => ['--b', ...part, '']), '--b--', ''].join('\r\n');
const complaint = ({ messageId }: { messageId: string }, recipient: string, type = 'abuse') =>
  report('feedback-report', [
    ['Content-Type: message/feedback-report', '', `Feedback-Type: ${type}`, 'Version: 1', `Original-Rcpt-To: <${recipient}>`],
    ['Content-Type: message/rfc822', '', `Message-ID: ${messageId}`, 'Subject: News', '', 'of today'],
  ]);
const returned = ({ messageId }: { messageId: string }, recipient: string, action: string, status: string) =>
  report('delivery-status', [
    ['Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.example.com', '', `Final-Recipient: rfc822; ${recipient}`, `Action: ${action}`, `Status: ${status}`],
    ['Content-Type: text/rfc822-headers', '', `Message-ID: ${messageId}`],
  ]);

const hand = async (message: string, tenant = 'system') => (await runInContext(followContext({ tenant }), () => ground.bus.send(ReportEmailBounce, { message }))).results;
const listed = (addressKey: string) => ground.db.emailSuppression.findMany({ where: { addressKey } });
const bounces = ({ deliveryId }: { deliveryId: string }, count: number) =>
  waitFor(async () => {
    const events = await ground.eventsOf(EmailBounced, deliveryId);
    return events.length === count && events;
  }, { what: `${count} email.bounced` });

/** Orders a mail and says how its job ended. */
async function outcomeOf(to: string) {
  const { jobId } = await ground.queues.sendEmail({ to, subject: 'More news', text: 'x' });
  return ((await ground.ended(jobId)).returnvalue as { status: string }).status;
}

describe('a complaint (ARF) about a mail of ours', () => {
  it('ends all mails to whom it names, for ever, is told once, and leaves the other recipients alone', async () => {
    const [ada, bob] = [someAddress(), someAddress()];
    const mail = await sentTo(ada, bob);
    expect(await hand(complaint(mail, bob))).toEqual([{ kind: 'complaint', status: null, outcome: 'recorded' }]);
    expect(await hand(complaint(mail, bob))).toEqual([{ kind: 'complaint', status: null, outcome: 'known' }]);
    expect(await listed(bob)).toMatchObject([{ tenant: 'system', category: '', reason: 'complaint', deliveryId: mail.deliveryId, expiresAt: null }]);
    expect(await listed(ada)).toEqual([]);
    expect(await Promise.all([ada, bob].map(outcomeOf))).toEqual(['sent', 'suppressed']);
    const events = await bounces(mail, 1);
    expect(events).toMatchObject([{ kind: 'complaint', recipientIndex: 1, isSuppressed: true }]);
    expect(JSON.stringify(events)).not.toContain('@example.com');
  });

  it('that says the opposite (not-spam) changes nothing', async () => {
    const ada = someAddress();
    expect(await hand(complaint(await sentTo(ada), ada, 'not-spam'))).toEqual([]);
    expect(await listed(ada)).toEqual([]);
  });

  it('is not taken from another tenant, nor about somebody to whom the mail was not', async () => {
    const ada = someAddress();
    const mail = await sentTo(ada);
    expect(await hand(complaint(mail, ada), 'acme')).toMatchObject([{ outcome: 'unknown-delivery' }]);
    expect(await hand(complaint(mail, someAddress()))).toMatchObject([{ outcome: 'unknown-delivery' }]);
    expect(await listed(ada)).toEqual([]);
  });

  it('stays what it is when the mail comes back as well, before or afterwards', async () => {
    const ada = someAddress();
    const mail = await sentTo(ada);
    expect(await hand(returned(mail, ada, 'failed', '5.1.1'))).toMatchObject([{ outcome: 'recorded' }]);
    expect(await hand(complaint(mail, ada))).toMatchObject([{ outcome: 'recorded' }]);
    for (const again of [returned(mail, ada, 'failed', '5.1.1'), complaint(mail, ada)]) expect(await hand(again)).toMatchObject([{ outcome: 'known' }]);
    expect(await listed(ada)).toMatchObject([{ reason: 'complaint', expiresAt: null }]);
    expect((await bounces(mail, 2)).map(({ kind }) => kind)).toEqual(['hard', 'complaint']);
  });
});

describe('a mail that could not be delivered for now (soft bounce)', () => {
  it('keeps nobody from further mails, and is told once, however often the server warns', async () => {
    const ada = someAddress();
    const mail = await sentTo(ada);
    expect(await hand(returned(mail, ada, 'delayed', '4.4.1'))).toEqual([{ kind: 'soft', status: '4.4.1', outcome: 'recorded' }]);
    expect(await hand(returned(mail, ada, 'failed', '4.4.7'))).toEqual([{ kind: 'soft', status: '4.4.7', outcome: 'known' }]);
    expect(await listed(ada)).toEqual([]);
    expect(await outcomeOf(ada)).toBe('sent');
    expect(await bounces(mail, 1)).toMatchObject([{ kind: 'soft', status: '4.4.1', isSuppressed: false }]);
  });

  it('that turns out to be for good suppresses then, until a quarter of a year is over', async () => {
    const ada = someAddress();
    const mail = await sentTo(ada);
    await hand(returned(mail, ada, 'delayed', '4.4.1'));
    expect(await hand(returned(mail, ada, 'failed', '5.1.1'))).toMatchObject([{ kind: 'hard', outcome: 'recorded' }]);
    const [entry] = await listed(ada);
    expect(entry).toMatchObject({ reason: 'hard-bounce' });
    expect(Math.round((entry!.expiresAt!.getTime() - Date.now()) / 86_400_000)).toBe(90);
    expect(await outcomeOf(ada)).toBe('suppressed');
    expect((await bounces(mail, 2)).map(({ isSuppressed }) => isSuppressed)).toEqual([false, true]);
  });

  it('is no bounce at all when the report says that it was delivered', async () => {
    const ada = someAddress();
    const mail = await sentTo(ada);
    expect(await hand(returned(mail, ada, 'delivered', '2.0.0'))).toMatchObject([{ kind: 'delivered', outcome: 'ignored' }]);
    expect(await listed(ada)).toEqual([]);
  });
});
