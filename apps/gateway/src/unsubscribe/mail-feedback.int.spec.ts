import { EmailUnsubscribed } from '@angarium/contracts';
import { silentLogger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { connectRedis, type RedisConnection } from '@angarium/redis';
import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startInbox, startPostgres, startRedis, startService, stopAfterTests, waitFor, type Inbox, type Service } from '@angarium/testing';

const token = 'token-of-a-test-with-24-letters';
let gateway: Service;
let worker: Service;
let inbox: Inbox;
let queues: QueueService;
let redis: RedisConnection;

beforeAll(async () => {
  const [redisServer, postgres, mails, apps] = await Promise.all([startRedis(), startPostgres(), startInbox(), buildApps(['gateway', 'email-worker'])]);
  inbox = mails;
  const { url } = await createTestDatabase(postgres);
  const env = {
    ...{ REDIS_URL: redisServer.url, DATABASE_URL: url, SMTP_URL: inbox.smtpUrl, EMAIL_FROM: 'post@angarium.test', SEAL_KEYS: createSealKey(), GATEWAY_TOKEN: token },
    ...{ PUBLIC_URL: 'https://mail.angarium.test', SMTP_PRIVATE_HOSTS: `127.0.0.1:${inbox.smtpPort}`, SMTP_TIMEOUT_MS: '3000' },
  };
  [gateway, worker] = await Promise.all([startService({ name: 'gateway', main: apps.gateway, env }), startService({ name: 'email-worker', main: apps['email-worker'], env })]);
  await Promise.all([gateway.ready(), worker.ready()]);
  queues = new QueueService({ redisUrl: redisServer.url });
  redis = connectRedis({ url: redisServer.url, name: 'test', logger: silentLogger });
});
afterAll(async () => {
  await queues.close();
  redis.disconnect();
  await inbox.stop();
});
stopAfterTests();

async function call(method: string, path: string, body?: unknown) {
  const isText = typeof body === 'string';
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': isText ? 'message/rfc822' : 'application/json' }) },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> & { items?: Record<string, unknown>[] } };
}
const rawMail = async () => (await fetch(`${inbox.httpUrl}/api/v1/message/latest/raw`)).text();

/** A newsletter that arrived, and what its headers say. */
async function newsletterTo(to: string) {
  inbox.clear();
  await queues.sendEmail({ to, subject: 'News', text: 'of today', category: 'newsletter', isUnsubscribable: true });
  await waitFor(() => inbox.count === 1, { what: 'the newsletter' });
  const raw = await rawMail();
  const head = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, '');
  return { head, link: /^List-Unsubscribe: *<([^>]+)>$/m.exec(head)?.[1] ?? '', messageId: /^Message-ID: *(\S+)$/im.exec(head)?.[1] ?? '' };
}

describe('one-click unsubscription', () => {
  it('has its two headers, and the link holds no address', async () => {
    const { head, link } = await newsletterTo('headers@example.com');
    expect(link).toMatch(/^https:\/\/mail\.angarium\.test\/unsubscribe\/v1\.[\w.-]+$/);
    expect(head).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    expect(Buffer.from(link, 'utf8').toString()).not.toContain('example.com');
  });

  it('shows a page that changes nothing, and acts on the POST, once', async () => {
    const { link } = await newsletterTo('leaving@example.com');
    const url = `${gateway.url}${new URL(link).pathname}`;
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('set-cookie')).toBeNull();
    expect(await page.text()).toContain('<form method="post">');
    expect((await call('GET', '/suppressions')).answer.items).toEqual([]);
    for (let i = 0; i < 2; i++) {
      const done = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' });
      expect([done.status, (await done.text()).includes('You are unsubscribed')]).toEqual([200, true]);
    }
    expect((await call('GET', '/suppressions')).answer.items).toMatchObject([{ address: 'leaving@example.com', category: 'newsletter', reason: 'unsubscribe' }]);
    const events = () => redis.xlen(`angarium:events:{${EmailUnsubscribed.name}}`);
    await waitFor(async () => (await events()) === 1, { what: 'email.unsubscribed' });

    inbox.clear();
    await queues.sendEmail({ to: 'leaving@example.com', subject: 'More news', text: 'x', category: 'newsletter', isUnsubscribable: true });
    await queues.sendEmail({ to: 'leaving@example.com', subject: 'Your receipt', text: 'x' });
    await waitFor(() => inbox.count === 1 && worker.output().includes('every recipient is on the suppression list'), { what: 'one mail held back and one sent' });
    expect((await inbox.messages()).map((it) => it.Subject)).toEqual(['Your receipt']);
  });

  it('says on a page that a link is none of ours', async () => {
    for (const method of ['GET', 'POST']) {
      const page = await fetch(`${gateway.url}/unsubscribe/v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAA`, { method });
      expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      expect(await page.text()).toContain('This link does not work');
    }
  });
});

describe('the suppression list', () => {
  it('is written and read by its tenant', async () => {
    expect(await call('PUT', '/suppressions', { address: 'Gone@Example.com' })).toMatchObject({ status: 200, answer: { address: 'gone@example.com', category: null, reason: 'manual', expiresAt: null } });
    const { nextCursor, items } = (await call('GET', '/suppressions?limit=1')).answer as { nextCursor: string; items: unknown[] };
    expect(items).toHaveLength(1);
    expect((await call('GET', `/suppressions?limit=1&cursor=${nextCursor}`)).answer.items).toHaveLength(1);
    const strange = await call('GET', '/suppressions?cursor=xyz');
    expect(strange.status).toBe(422);
    expect(JSON.stringify(strange.answer)).toMatch(/cursor.*must be the nextCursor of the page before/);
    expect(await call('DELETE', '/suppressions', { address: 'gone@example.com' })).toMatchObject({ status: 200 });
    expect(await call('DELETE', '/suppressions', { address: 'gone@example.com' })).toMatchObject({ status: 404, answer: { code: 'EMAIL_SUPPRESSION_NOT_FOUND' } });
  });
});

describe('a mail that comes back', () => {
  const report = (messageId: string, recipient: string) =>
    [
      ...['From: mailer@example.com', 'To: post@angarium.test', 'Subject: Undelivered', 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b', ''],
      ...['--b', 'Content-Type: text/plain', '', 'Your mail could not be delivered.', '--b', 'Content-Type: message/delivery-status', ''],
      ...['Reporting-MTA: dns; mx.example.com', '', `Final-Recipient: rfc822; ${recipient}`, 'Action: failed', 'Status: 5.1.1', 'Diagnostic-Code: smtp; 550 5.1.1 no such user', ''],
      ...['--b', 'Content-Type: text/rfc822-headers', '', `Message-ID: ${messageId}`, 'Subject: News', '', '--b--', ''],
    ].join('\r\n');

  it('takes its recipient off, once; a recipient that it never had stays', async () => {
    const { messageId } = await newsletterTo('bounces@example.com');
    await waitFor(() => worker.output().includes(messageId.slice(1, 37)), { what: 'the ledger to know it' });
    expect((await call('POST', '/email/bounces', report(messageId, 'other@example.com'))).answer).toEqual({ results: [{ kind: 'hard', status: '5.1.1', outcome: 'unknown-delivery' }] });
    expect((await call('POST', '/email/bounces', report('<0190a6f0-9e30-7d5c-9f74-5c7181e4f601@angarium.test>', 'bounces@example.com'))).answer).toMatchObject({ results: [{ outcome: 'unknown-delivery' }] });
    expect((await call('POST', '/email/bounces', report(messageId, 'Bounces@example.com'))).answer).toMatchObject({ results: [{ outcome: 'recorded' }] });
    expect((await call('POST', '/email/bounces', report(messageId, 'bounces@example.com'))).answer).toMatchObject({ results: [{ outcome: 'known' }] });
    const listed = (await call('GET', '/suppressions')).answer.items?.filter(({ reason }) => reason === 'hard-bounce');
    expect(listed).toMatchObject([{ address: 'bounces@example.com', category: null }]);
    expect(await call('POST', '/email/bounces', 'Subject: no report\r\n\r\nHello')).toMatchObject({ status: 422, answer: { code: 'EMAIL_BOUNCE_UNREADABLE' } });
  });
});

describe('a sender of a tenant', () => {
  it('is kept, tried and used, and its password is in no answer and no log', async () => {
    const smtpUrl = `smtp://acme:canary-password@127.0.0.1:${inbox.smtpPort}`;
    const put = await call('PUT', '/email-senders/main', { from: 'Acme <post@acme.test>', smtpUrl, isDefault: false });
    expect(put).toMatchObject({ status: 200, answer: { name: 'main', smtp: { host: '127.0.0.1', port: inbox.smtpPort, hasLogin: true }, version: 1 } });
    inbox.clear();
    expect((await call('POST', '/email-senders/main/test', { to: 'me@example.com' })).answer).toMatchObject({ isOk: true, steps: [{ step: 'connect' }, { step: 'login' }, { step: 'send' }] });
    await queues.sendEmail({ to: 'you@example.com', from: 'sales@acme.test', subject: 'Offer', text: 'x' });
    await waitFor(() => inbox.count === 2, { what: 'both mails' });
    expect((await inbox.messages()).map((it) => it.Username)).toEqual(['acme', 'acme']);
    const shown = JSON.stringify([await call('GET', '/email-senders'), await call('GET', '/email-senders/main'), put]);
    for (const text of [shown, gateway.output(), worker.output()]) expect(text).not.toContain('canary-password');
    expect(await call('DELETE', '/email-senders/main')).toMatchObject({ status: 200 });
    expect(await call('GET', '/email-senders/main')).toMatchObject({ status: 404, answer: { code: 'EMAIL_SENDER_NOT_FOUND' } });
  });

  it('may not lead into our network', async () => {
    await call('PUT', '/email-senders/inner', { from: 'x@inner.test', smtpUrl: 'smtp://127.0.0.1:6379' });
    expect((await call('POST', '/email-senders/inner/test', {})).answer).toMatchObject({ isOk: false, steps: [{ step: 'connect', isOk: false, code: 'EGRESS_TARGET_REFUSED' }] });
  });
});

describe('a scheduled mail', () => {
  it('is cancelled until it begins, and by its tenant only', async () => {
    const order = { to: 'later@example.com', subject: 'Later', text: 'x', scheduledTime: new Date(Date.now() + 3_600_000) };
    const { jobId } = await queues.sendScheduledEmail(order);
    expect(await call('DELETE', `/emails/${jobId}`)).toMatchObject({ status: 200, answer: { isCancelled: true } });
    expect(await call('DELETE', `/emails/${jobId}`)).toMatchObject({ status: 404, answer: { code: 'JOB_NOT_FOUND' } });
    inbox.clear();
    const begun = await queues.sendScheduledEmail({ ...order, scheduledTime: new Date() });
    await waitFor(() => inbox.count === 1, { what: 'the mail' });
    expect(await call('DELETE', `/emails/${begun.jobId}`)).toMatchObject({ status: 409, answer: { code: 'JOB_STATE_WRONG' } });
  });
});
