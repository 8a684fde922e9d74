import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startInbox, waitFor, type Inbox } from '@angarium/testing';
import { composeMail, type MailOrder } from '../compose/compose-mail.js';
import type { Mail } from '../compose/mail.js';
import type { RenderTemplate } from '../templates/render-template.js';
import { renderShipped } from '../testing/shipped-shelf.js';
import { dkimOptions, type DkimOptions } from './dkim.js';
import { parseSmtpUrl } from './smtp-address.js';
import { SmtpTransport } from './smtp.transport.js';

const limits = { maxBytes: 1_000_000, maxRecipients: 50, attachmentFolder: undefined, defaultFrom: { name: 'Angarium', address: 'post@angarium.test' } };
const compose = (order: Partial<MailOrder> = {}) => composeMail({ to: ['ada@example.com'], subject: 'Hello', text: 'Hello Ada', ...order }, '<1@angarium.test>', limits, {
    render: (template) => templates.run('system', template),
    readFile: () => Promise.reject(new Error('no files here')),
  });
const never = () => new AbortController().signal;

let templates: RenderTemplate;
let inbox: Inbox;
let open: SmtpTransport[] = [];

beforeAll(async () => {
  [inbox, templates] = await Promise.all([startInbox(), renderShipped()]);
});
afterEach(() => {
  open.forEach((it) => it.close());
  open = [];
  inbox.resetFaults();
  inbox.clear();
});
afterAll(() => inbox.stop());

function connect(changes: { url?: string; timeoutMs?: number; requireTls?: boolean; dkim?: DkimOptions; connections?: number } = {}): SmtpTransport {
  const { url = inbox.smtpUrl, timeoutMs = 5_000, requireTls = false, connections = 1, dkim } = changes;
  const transport = new SmtpTransport({ server: parseSmtpUrl(url)!, requireTls, connections, timeoutMs, dkim });
  open.push(transport);
  return transport;
}

const rawMail = async () => (await fetch(`${inbox.httpUrl}/api/v1/message/latest/raw`)).text();

/** Header lines, unfolded: [name, value]. */
function headersOf(raw: string): [string, string][] {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]/g, ' ');
  return head.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
}

describe('a mail on its way out', () => {
  it('arrives with all its parts, and the blind copies hidden', async () => {
    const mail = await compose({
      ...{ cc: ['cc@example.com'], bcc: ['bcc@example.com'], replyTo: 'reply@example.com', from: '"Lovelace, Ada" <ada@angarium.test>', html: '<p>Hällo</p>' },
      attachments: [{ filename: 'prüfung 1.txt', contentType: 'text/plain', content: Buffer.from('inhalt').toString('base64') }],
    });
    expect(await connect().send(mail, never())).toEqual({ acceptedCount: 3, rejectedCount: 0, refusals: [] });
    const [it] = await inbox.messages();
    expect(it).toMatchObject({
      From: { Name: 'Lovelace, Ada', Address: 'ada@angarium.test' },
      ...{ To: [{ Address: 'ada@example.com' }], Cc: [{ Address: 'cc@example.com' }], Bcc: [{ Address: 'bcc@example.com' }], ReplyTo: [{ Address: 'reply@example.com' }] },
      Attachments: [{ FileName: 'prüfung 1.txt', ContentType: 'text/plain', Size: 6 }],
    });
    expect(it!.HTML).toContain('<p>Hällo</p>');
    expect(await rawMail()).not.toContain('bcc@example.com');
  });

  it('says how many of its recipients were refused, and why', async () => {
    inbox.refuse('bad@example.com', 550, { text: 'no <bad@example.com> here' });
    const result = await connect().send(await compose({ to: ['ada@example.com', 'bad@example.com'] }), never());
    expect(result).toEqual({ acceptedCount: 1, rejectedCount: 1, rejection: '550 no <address> here', refusals: [{ index: 1, smtp: 550, reason: '550 no <address> here' }] });
  });

  it('has no header but its own, whatever a hostile order says', async () => {
    const transport = connect();
    let [sent, refused] = [0, 0];
    for (const nasty of hostileTexts(150)) {
      const orders: Partial<MailOrder>[] = [
        { subject: nasty },
        { from: `${nasty} <a@angarium.test>` },
        { from: `"${nasty}" <a@angarium.test>` },
        { replyTo: `a@b.co${nasty}` },
        { to: [`ada@example.com${nasty}`] },
        { attachments: [{ filename: nasty, contentType: nasty, content: '' }] },
        { attachments: [{ filename: nasty, content: '' }] },
        { template: { key: 'welcome', variables: { username: nasty } }, subject: undefined, text: undefined },
      ];
      for (const order of orders) {
        const mail = await compose(order).catch(() => undefined);
        if (mail === undefined) {
          refused++;
          continue;
        }
        await transport.send(mail, never());
        sent++;
        const names = headersOf(await rawMail()).map(([name]) => name);
        const known = ['from', 'to', 'subject', 'message-id', 'date', 'mime-version', 'content-type', 'content-transfer-encoding', 'reply-to'];
        expect(names.filter((name) => !known.includes(name))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
        const [it] = await inbox.messages();
        expect([...it!.To, ...it!.Cc, ...it!.Bcc].map(({ Address }) => Address)).toEqual(['ada@example.com']);
        inbox.clear();
      }
    }
    expect(sent).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it('goes through the connection of the one before it', async () => {
    const transport = connect();
    const mails = await Promise.all(Array.from({ length: 20 }, () => compose()));
    await Promise.all(mails.map((mail) => transport.send(mail, never())));
    expect(inbox.count).toBe(20);
  });

  it('is signed for its domain when a key is given', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const dkim = dkimOptions('angarium.test', 'post', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n'))!;
    expect(dkim.headerFieldNames.split(':')).toEqual(expect.arrayContaining(['From', 'To', 'Subject', 'List-Unsubscribe', 'List-Unsubscribe-Post']));
    await connect({ dkim }).send(await compose({ html: '<p>Hello</p>' }), never());
    const raw = await rawMail();
    expect(isSigned(raw, publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBe(true);
    expect(isSigned(raw.replace('Subject: Hello', 'Subject: Hullo'), publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBe(false);
  });

  it('is known to be nowhere when the server turns it away before DATA, also when it is signed', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const dkim = dkimOptions('angarium.test', 'post', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())!;
    inbox.refuse('*', 421);
    await expect(connect({ dkim }).send(await compose(), never())).rejects.toMatchObject({ code: 'EMAIL_DEFERRED', details: { stage: 'envelope' } });
    expect(inbox.count).toBe(0);
  });

  it('waits when the line is cut before DATA: nothing of it went out', async () => {
    await withServer({ MAIL: 'cut' }, async (url) => {
      await expect(connect({ url }).send(await compose(), never())).rejects.toMatchObject({ code: 'SMTP_UNAVAILABLE', details: { stage: 'envelope' } });
    });
  });

  it('waits when the login is refused: a person corrects it, and no mail is lost', async () => {
    await withServer({ AUTH: '535 5.7.8 no such user' }, async (url) => {
      const it = connect({ url: url.replace('//', '//ada:secret@') }).send(await compose(), never());
      await expect(it).rejects.toMatchObject({ code: 'SMTP_LOGIN_REFUSED', retry: 'when-available' });
      await expect(it).rejects.not.toThrow('secret');
    });
  });

  it('waits when the server greets with a refusal or not at all', async () => {
    for (const greeting of ['554 5.3.2 closed for today', 'cut', 'silence'] as const) {
      await withServer({ greeting }, async (url) => {
        await expect(connect({ url, timeoutMs: 300 }).send(await compose(), never())).rejects.toMatchObject({ code: 'SMTP_UNAVAILABLE' });
      });
    }
  });

  it('has an unknown outcome when the line is cut during or after DATA', async () => {
    inbox.cutData();
    await expect(connect().send(await compose(), never())).rejects.toMatchObject({ code: 'EMAIL_OUTCOME_UNKNOWN' });
    inbox.loseAnswer();
    await expect(connect().send(await compose(), never())).rejects.toMatchObject({ code: 'EMAIL_OUTCOME_UNKNOWN' });
    expect(inbox.count).toBe(1); // and nodemailer did not send it again by itself
  });

  it('has an unknown outcome when the server takes it and falls silent', async () => {
    inbox.hold();
    await expect(connect({ timeoutMs: 200 }).send(await compose(), never())).rejects.toMatchObject({ code: 'EMAIL_OUTCOME_UNKNOWN', retry: 'never' });
    await waitFor(() => inbox.waiting === 0, { what: 'the server to see that we left' });
  });

  it('has an unknown outcome when its attempt runs out of time after DATA', async () => {
    inbox.hold();
    const attempt = new AbortController();
    const sending = connect().send(await compose(), attempt.signal);
    const failed = expect(sending).rejects.toMatchObject({ code: 'EMAIL_OUTCOME_UNKNOWN' });
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    attempt.abort(new Error('out of time'));
    await failed;
    await waitFor(() => inbox.waiting === 0, { what: 'the server to see that the line is cut' });
  });

  it('waits when nobody listens, when the name is unknown and when TLS is wanted and not offered', async () => {
    const mail: Mail = await compose();
    const away = { code: 'SMTP_UNAVAILABLE', retry: 'when-available' };
    await expect(connect({ url: 'smtp://127.0.0.1:1' }).send(mail, never())).rejects.toMatchObject(away);
    await expect(connect({ url: 'smtp://mail.invalid:25' }).send(mail, never())).rejects.toMatchObject(away);
    await expect(connect({ requireTls: true }).send(mail, never())).rejects.toMatchObject(away);
    await expect(connect({ url: inbox.smtpUrl.replace('smtp:', 'smtps:') }).send(mail, never())).rejects.toMatchObject(away);
    expect(inbox.count).toBe(0);
  });

  it('waits when the transport was closed', async () => {
    const transport = connect();
    transport.close();
    await expect(transport.send(await compose(), never())).rejects.toMatchObject({ code: 'SMTP_UNAVAILABLE' });
  });
});

/** A mail server that says what a test wants, where the inbox knows no such fault. */
async function withServer(says: { greeting?: string; MAIL?: string; AUTH?: string }, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    const say = (line: string) => (line === 'cut' ? socket.destroy() : line !== 'silence' && socket.write(`${line}\r\n`));
    say(says.greeting ?? '220 test');
    socket.on('error', () => undefined); // a client that leaves is what some tests are about
    socket.on('data', (data) => {
      const command = data.toString().slice(0, 4).toUpperCase();
      if (command === 'EHLO') say('250-test\r\n250 AUTH PLAIN LOGIN');
      else say(command === 'MAIL' || command === 'AUTH' ? (says[command] ?? '250 ok') : '250 ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

function* hostileTexts(count: number): Generator<string> {
  const parts = ['\r\n', '\n', '\r', '\0', '\u2028', '\u0085', ' ', '\t', ':', ',', ';', '<', '>', '"', '\\', '@', '=?utf-8?Q?=0D=0ABcc:_e@e.co?=', 'Bcc: eve@example.com', 'é', '🚀', '(', ')', '\r\n.\r\n', 'a'];
  let seed = 42;
  const random = (max: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * max);
  };
  for (let i = 0; i < count; i++) yield Array.from({ length: 1 + random(5) }, () => parts[random(parts.length)]).join('');
}

/** DKIM by the book (RFC 6376, relaxed/relaxed), with the key given instead of looked up. */
function isSigned(raw: string, publicPem: string): boolean {
  const head = raw.slice(0, raw.indexOf('\r\n\r\n') + 2);
  const fields = head.split(/\r\n(?![ \t])/).filter((it) => it !== '');
  const relaxed = (field: string) => {
    const [name, ...rest] = field.split(':');
    return `${name!.toLowerCase().trim()}:${rest.join(':').replace(/\r\n/g, '').replace(/[ \t]+/g, ' ').trim()}`;
  };
  const signature = fields.find((it) => /^dkim-signature:/i.test(it))!;
  const tags = Object.fromEntries(
    signature
      .slice(signature.indexOf(':') + 1)
      .split(';')
      .map((it) => [it.slice(0, it.indexOf('=')).trim(), it.slice(it.indexOf('=') + 1).replace(/\s+/g, '')]),
  ) as Record<string, string>;
  const lines = raw.slice(raw.indexOf('\r\n\r\n') + 4).split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const body = `${lines.join('\r\n').replace(/(\r\n)+$/, '')}\r\n`;
  const named = tags['h']!.split(':').map((name) => relaxed(fields.find((it) => it.toLowerCase().startsWith(`${name.toLowerCase()}:`))!));
  const signed = [...named, relaxed(signature.replace(/(\bb=)[^;]*$/, '$1'))].join('\r\n');
  const isBodyRight = createHash('sha256').update(body).digest('base64') === tags['bh'];
  return isBodyRight && verify('sha256', Buffer.from(signed), createPublicKey(publicPem), Buffer.from(tags['b']!, 'base64'));
}
