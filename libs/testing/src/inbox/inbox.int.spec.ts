import { createConnection } from 'node:net';
import { createTransport } from 'nodemailer';
import { waitFor } from '../harness/wait-for.js';
import { startInbox, type Inbox } from './start-inbox.js';

let inbox: Inbox;
const transports: { close(): void }[] = [];

beforeEach(async () => {
  inbox = await startInbox({ maxMessages: 5, maxMessageBytes: 100_000 });
});

afterEach(async () => {
  for (const it of transports.splice(0)) it.close();
  await inbox.stop();
});

function mailer(options: Record<string, unknown> = {}) {
  const it = createTransport({ host: '127.0.0.1', port: inbox.smtpPort, pool: true, maxConnections: 1, ...options });
  transports.push(it);
  return it;
}

const letter = { from: '"Ada L." <ada@example.com>', to: 'bob@example.com', subject: 'Grüße ✉', text: 'Hello   Bob' };

async function api<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(`${inbox.httpUrl}${path}`, init);
  return (answer.headers.get('content-type')?.startsWith('application/json') ? await answer.json() : await answer.text()) as T;
}

interface Summaries {
  total: number;
  count: number;
  messages_count: number;
  messages: { ID: string; Subject: string; Snippet: string; Attachments: number; Created: string; Size: number }[];
}

describe('mail sent to the inbox', () => {
  it('is listed newest first, in the form of Mailpit', async () => {
    await mailer().sendMail(letter);
    await mailer().sendMail({ ...letter, subject: 'second', cc: 'carl@example.com', bcc: 'hidden@example.com', attachments: [{ filename: 'bill.pdf', content: 'pdf' }] });
    const list = await api<Summaries>('/api/v1/messages');
    expect(list).toMatchObject({ total: 2, count: 2, messages_count: 2, start: 0 });
    expect(list.messages.map((it) => it.Subject)).toEqual(['second', 'Grüße ✉']);
    expect(list.messages[0]).toMatchObject({
      From: { Name: 'Ada L.', Address: 'ada@example.com' },
      To: [{ Name: '', Address: 'bob@example.com' }],
      Cc: [{ Address: 'carl@example.com' }],
      Bcc: [{ Address: 'hidden@example.com' }],
      Attachments: 1,
      Snippet: 'Hello Bob',
    });
    expect(Date.parse(list.messages[0]!.Created)).toBeGreaterThan(Date.now() - 10_000);
    expect(list.messages[0]!.Size).toBeGreaterThan(300);
  });

  it('can be read whole by its id, with text, HTML and files', async () => {
    await mailer().sendMail({ ...letter, html: '<p>Hello <b>Bob</b></p>', attachments: [{ filename: 'naïve "name".txt', content: 'file text' }] });
    const { messages } = await api<Summaries>('/api/v1/messages');
    const message = await api<{ Attachments: { PartID: string; FileName: string; Size: number }[] }>(`/api/v1/message/${messages[0]!.ID}`);
    expect(message).toMatchObject({ Subject: 'Grüße ✉', Text: expect.stringContaining('Hello   Bob') as string, HTML: expect.stringContaining('<b>Bob</b>') as string });
    expect(message.Attachments).toMatchObject([{ FileName: 'naïve "name".txt', Size: 9 }]);
    const file = await fetch(`${inbox.httpUrl}/api/v1/message/latest/part/${message.Attachments[0]!.PartID}`);
    expect(await file.text()).toBe('file text');
    expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''na%C3%AFve%20%22name%22.txt");
    expect(await api('/api/v1/message/latest/raw')).toContain('Subject: =?UTF-8?');
    expect((await fetch(`${inbox.httpUrl}/api/v1/message/nobody`)).status).toBe(404);
  });

  it('has a readable text when it came as HTML only', async () => {
    await mailer().sendMail({ from: letter.from, to: letter.to, subject: 'html', html: '<style>p{}</style><p>One &amp; two</p><p>three</p>' });
    expect((await inbox.messages())[0]!.Text).toMatch(/^One & two\s+three$/);
  });

  it('pages through the list, and deletes some or all', async () => {
    for (const subject of ['a', 'b', 'c']) await mailer().sendMail({ ...letter, subject });
    const page = await api<Summaries>('/api/v1/messages?start=1&limit=1');
    expect(page).toMatchObject({ total: 3, count: 1 });
    expect(page.messages.map((it) => it.Subject)).toEqual(['b']);
    expect((await api<Summaries>('/api/v1/messages?start=9')).messages).toEqual([]);
    expect(await api('/api/v1/messages', { method: 'DELETE', body: JSON.stringify({ IDs: [page.messages[0]!.ID] }) })).toBe('ok');
    expect((await inbox.messages()).map((it) => it.Subject)).toEqual(['c', 'a']);
    expect(await api('/api/v1/messages', { method: 'DELETE' })).toBe('ok');
    expect(inbox.count).toBe(0);
  });

  it('pushes out the oldest when the inbox is full', async () => {
    for (const subject of ['1', '2', '3', '4', '5', '6', '7']) await mailer().sendMail({ ...letter, subject });
    expect((await inbox.messages()).map((it) => it.Subject)).toEqual(['7', '6', '5', '4', '3']);
  });

  it('is refused with 552 when it is too large', async () => {
    // The client is told the limit beforehand and would not even try; a mail of undeclared size is what servers meet.
    const reply = await sayRaw(['EHLO x', 'MAIL FROM:<a@x.y>', 'RCPT TO:<b@x.y>', 'DATA'], `${'x'.repeat(998)}\r\n`.repeat(150));
    expect(reply).toContain('552');
    expect(inbox.count).toBe(0);
  });

  it('is taken with any login, since clients with credentials must work unchanged', async () => {
    await mailer({ auth: { user: 'service', pass: 'secret' } }).sendMail(letter);
    expect((await inbox.messages())[0]).toMatchObject({ Username: 'service' });
  });
});

describe('faults', () => {
  it('hold a complete mail back until released, and count who waits', async () => {
    inbox.hold();
    const sending = Promise.all([mailer().sendMail(letter), mailer().sendMail(letter)]);
    await waitFor(() => inbox.waiting === 2, { timeoutMs: 5_000, what: 'two mails at the gate' });
    expect(inbox.count).toBe(0);
    inbox.release();
    await sending;
    expect(inbox).toMatchObject({ count: 2, waiting: 0 });
  });

  it('leave no mail of a sender that died at the gate', async () => {
    inbox.hold();
    const dying = mailer();
    const sending = dying.sendMail(letter).catch((error: unknown) => error);
    await waitFor(() => inbox.waiting === 1, { timeoutMs: 5_000, what: 'the mail at the gate' });
    dying.close();
    transports.length = 0;
    await cutSockets();
    await waitFor(() => inbox.waiting === 0, { timeoutMs: 5_000, what: 'the inbox to see the sender gone' });
    inbox.release();
    await sending;
    await mailer().sendMail({ ...letter, subject: 'after' });
    expect((await inbox.messages()).map((it) => it.Subject)).toEqual(['after']);
  });

  it('refuse one recipient with the code asked for and take the others', async () => {
    inbox.refuse('Bob@example.com', 550);
    inbox.refuse('slow@example.com', 451, { times: 1 });
    const sent = await mailer().sendMail({ ...letter, to: ['bob@example.com', 'carl@example.com'] });
    expect(sent).toMatchObject({ accepted: ['carl@example.com'], rejected: ['bob@example.com'] });
    await expect(mailer().sendMail({ ...letter, to: 'slow@example.com' })).rejects.toMatchObject({ responseCode: 451 });
    await mailer().sendMail({ ...letter, to: 'slow@example.com' });
    inbox.resetFaults();
    await mailer().sendMail(letter);
    expect(inbox.count).toBe(3);
  });

  it('cut the connection in the middle of a mail, which is then not there', async () => {
    inbox.cutData();
    await expect(mailer().sendMail(letter)).rejects.toThrow();
    expect(inbox.count).toBe(0);
    await mailer().sendMail(letter);
    expect(inbox.count).toBe(1);
  });

  it('lose the answer to a mail that is there', async () => {
    inbox.loseAnswer();
    await expect(mailer().sendMail(letter)).rejects.toThrow();
    expect(inbox.count).toBe(1);
  });
});

describe('the page', () => {
  it('runs nothing but its own script and shows HTML mail in a frame without scripts and origin', async () => {
    const page = await fetch(inbox.httpUrl);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    expect(await page.text()).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
    await mailer().sendMail({ ...letter, html: '<script>alert(1)</script><img src="http://tracker.example/x.png">' });
    const { ID } = (await inbox.messages())[0]!;
    const frame = await fetch(`${inbox.httpUrl}/view/${ID}.html`);
    expect(frame.headers.get('content-security-policy')).toMatch(/^sandbox allow-popups [^;]*; default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
    const remote = await fetch(`${inbox.httpUrl}/view/${ID}.html?remote=1`);
    expect(remote.headers.get('content-security-policy')).toContain('img-src data: http: https:;');
  });

  it('puts images that the mail carries in place', async () => {
    const png = Buffer.from('iVBORw0KGgo=', 'base64');
    await mailer().sendMail({ ...letter, html: '<img src="cid:logo@x">', attachments: [{ cid: 'logo@x', filename: 'logo.png', content: png }] });
    const { ID, Inline, Attachments } = (await inbox.messages())[0]!;
    expect(await api(`/view/${ID}.html`)).toContain('<img src="data:image/png;base64,iVBORw0KGgo=">');
    expect(Inline).toMatchObject([{ FileName: 'logo.png', ContentID: 'logo@x' }]);
    expect(Attachments).toEqual([]);
  });

  it('serves an attached page as a download, never as a page of its own', async () => {
    await mailer().sendMail({ ...letter, attachments: [{ filename: 'x.html', content: '<script>alert(1)</script>' }] });
    const file = await fetch(`${inbox.httpUrl}/api/v1/message/latest/part/1`);
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(file.headers.get('content-security-policy')).toContain('sandbox');
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('starting', () => {
  it('names the port that is taken, and leaves the other one free', async () => {
    const error: unknown = await startInbox({ httpPort: inbox.httpPort }).catch((it: unknown) => it);
    expect(String(error)).toContain(`Port ${inbox.httpPort} on 127.0.0.1 for the inbox page is taken by another program`);
  });

  it('can be stopped twice and while a mail is held', async () => {
    inbox.hold();
    const sending = mailer().sendMail(letter).catch(() => 'failed');
    await waitFor(() => inbox.waiting === 1, { timeoutMs: 5_000, what: 'the mail at the gate' });
    await inbox.stop();
    await inbox.stop();
    expect(await sending).toBe('failed');
  });
});

/** nodemailer ends a busy pooled connection only after its mail; a killed process closes it at once. */
async function cutSockets(): Promise<void> {
  const handles = (process as unknown as { _getActiveHandles(): { remotePort?: number; destroy?: () => void }[] })._getActiveHandles();
  for (const it of handles) if (it.remotePort === inbox.smtpPort) it.destroy?.();
  return Promise.resolve();
}

/** Speaks SMTP line by line, then sends a body; answers with all that the server said. */
async function sayRaw(lines: string[], body: string): Promise<string> {
  const socket = createConnection(inbox.smtpPort, '127.0.0.1').setEncoding('utf8');
  let heard = '';
  const queue = [...lines];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (text: string) => {
      heard += text;
      if (!/^\d{3} .*\r\n$/m.test(text)) return;
      const line = queue.shift();
      if (line !== undefined) socket.write(`${line}\r\n`);
      else if (heard.includes('354') && !heard.includes('552')) socket.write(`${body}.\r\n`);
      else resolve();
    });
  });
  socket.destroy();
  return heard;
}
