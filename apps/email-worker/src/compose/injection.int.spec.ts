import { startInbox, type Inbox } from '@angarium/testing';
import fc from 'fast-check';
import { parseSmtpUrl } from '../deliver/smtp-address.js';
import { SmtpTransport } from '../deliver/smtp.transport.js';
import { composeMail, type ComposeSources, type MailOrder } from './compose-mail.js';

let inbox: Inbox;
let transport: SmtpTransport;
beforeAll(async () => {
  inbox = await startInbox();
  transport = new SmtpTransport({ server: parseSmtpUrl(inbox.smtpUrl)!, requireTls: false, connections: 1, timeoutMs: 5_000 });
});
afterAll(async () => {
  transport.close();
  await inbox.stop();
});

/** What attackers write: line ends of all kinds, headers, lists of addresses, quotes and comments, beside plain letters. */
// neither templates nor stored files are ordered here
const none = () => Promise.reject(new Error('not asked for'));
const sources: ComposeSources = { render: none, readFile: none };
const pieces = fc.constantFrom('\r\n', '\n', '\r', '\u2028', '\u0085', 'Bcc: eve@evil.test', 'X-Evil: yes', ',', ';', ' ', '<eve@evil.test>', 'eve@evil.test', '"', '(c)', '\\', '\0', '=?utf-8?Q?=0D=0ABcc:_eve@evil.test?=', 'ä', '\t');
const hostile = fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 6 }).map((it) => it.join(''));
const address = fc.oneof(fc.constant('ada@example.com'), hostile, hostile.map((it) => `${it}@example.com`), hostile.map((it) => `ada@example.com${it}`));
const plain = { to: ['ada@example.com'], subject: 'Hello', text: 'x', from: 'post@angarium.test', replyTo: 'ada@example.com', filename: 'a.txt' };
/** One field at a time, because a mail with one bad field is not sent; and all at once. */
const fields = {
  ...{ to: fc.array(address, { minLength: 1, maxLength: 2 }), subject: hostile, from: hostile.map((it) => `${it} <post@angarium.test>`) },
  ...{ replyTo: address, filename: hostile },
};
const order = fc.oneof(...Object.entries(fields).map(([name, value]) => value.map((it) => ({ ...plain, [name]: it }))), fc.record(fields).map((it) => ({ ...plain, ...it })));

describe('no order, whatever it says,', () => {
  it('names a recipient or a header that it was not asked for', async () => {
    const limits = { maxBytes: 10_000, maxRecipients: 10, attachmentFolder: undefined, defaultFrom: { address: 'post@angarium.test' } };
    let sentCount = 0;
    await fc.assert(
      fc.asyncProperty(order, async ({ filename, ...asIs }) => {
        const asked: MailOrder = { ...asIs, attachments: [{ filename, content: 'eA==' }] };
        const mail = await composeMail(asked, '<1@angarium.test>', limits, sources).catch(() => undefined);
        if (mail === undefined) return;
        inbox.clear();
        await transport.send(mail, AbortSignal.timeout(5_000));
        sentCount += 1;
        const [received] = await inbox.messages();
        const envelope = [...received!.To, ...received!.Cc, ...received!.Bcc].map((it) => it.Address.toLowerCase());
        expect([...new Set(envelope)].sort()).toEqual([...new Set(asIs.to.map((it) => it.toLowerCase()))].sort());
        const raw = await (await fetch(`${inbox.httpUrl}/api/v1/message/latest/raw`)).text();
        const names = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]/g, ' ').split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
        expect(names.every((name) => ['from', 'to', 'reply-to', 'subject', 'message-id', 'date', 'mime-version', 'content-type', 'content-transfer-encoding'].includes(name))).toBe(true);
      }),
      { numRuns: 1_500 },
    );
    expect(sentCount).toBeGreaterThan(100);
  });
});
