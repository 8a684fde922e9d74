import { EmailFailed, EmailRequested, EmailSent, UserCreated, type EventContract, type PayloadOf } from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { connectRedis, type RedisConnection } from '@angarium/redis';
import {
  buildApps,
  createTestDatabase,
  startInbox,
  startPostgres,
  startRedis,
  startService,
  stopAfterTests,
  waitFor,
  type Inbox,
  type Service,
} from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { uuidV7 } from './uuid-v7.js';

let inbox: Inbox;
let worker: Service;
let bus: MessageBus;
let queues: QueueService;
let redis: RedisConnection;
let ledger: Database<'email'>;
let env: Record<string, string>;

beforeAll(async () => {
  const [redisServer, postgres, mails, apps] = await Promise.all([startRedis(), startPostgres(), startInbox(), buildApps(['email-worker'])]);
  inbox = mails;
  const database = await createTestDatabase(postgres);
  env = { REDIS_URL: redisServer.url, DATABASE_URL: database.url, SMTP_URL: inbox.smtpUrl, EMAIL_FROM: 'Angarium <post@angarium.test>', SMTP_TIMEOUT_MS: '5000' };
  worker = await startService({ name: 'email-worker', main: apps['email-worker'], env });
  bus = new MessageBus({ service: 'gateway', redisUrl: redisServer.url });
  queues = new QueueService({ redisUrl: redisServer.url });
  redis = connectRedis({ url: redisServer.url, name: 'test', logger: silentLogger });
  ledger = createDatabase('email', { url: database.url, logger: silentLogger });
  await worker.ready();
});

afterEach(() => inbox.resetFaults());

afterAll(async () => {
  await Promise.all([bus.close(), queues.close(), ledger.$disconnect()]);
  redis.disconnect();
  await inbox.stop();
});

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const someUser = (username = 'ada') => ({ ...UserCreated.example, userId: uuidV7(), email: `${uuidV7()}@example.com`, username });
const welcomeKey = ({ userId }: { userId: string }) => `user.created:${userId}:welcome`;
const mailsTo = async (address: string) => (await inbox.messages()).filter((mail) => mail.To.some((it) => it.Address === address));
const rowOf = (idempotencyKey: string) => ledger.emailDelivery.findFirst({ where: { idempotencyKey } });

async function eventsOf<C extends EventContract>(contract: C, idempotencyKey: string): Promise<PayloadOf<C>[]> {
  const entries = await redis.xrange(bus.addresses.eventStream(contract.name), '-', '+');
  const payloads = entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('data') + 1]!) as PayloadOf<C> & { idempotencyKey: string });
  return payloads.filter((it) => it.idempotencyKey === idempotencyKey);
}

function awaitEvents<C extends EventContract>(contract: C, idempotencyKey: string): Promise<PayloadOf<C>[]> {
  const some = async () => {
    const events = await eventsOf(contract, idempotencyKey);
    return events.length > 0 && events;
  };
  return waitFor(some, { what: contract.name, timeoutMs: 20_000 });
}

/** As after a day, when finished jobs are removed: only the ledger knows then what was sent. */
async function forgetJobs(): Promise<void> {
  await redis.select(1);
  await redis.flushdb();
  await redis.select(0);
}

async function attemptsCounted(outcome: string): Promise<number> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(new RegExp(`^angarium_email_attempts_total\\{[^}]*outcome="${outcome}"[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

describe('the email worker', () => {
  it('welcomes a new user once, whatever is redelivered', async () => {
    const user = someUser();
    for (let i = 0; i < 3; i++) await bus.emit(UserCreated, user);
    await awaitEvents(EmailSent, welcomeKey(user));

    await forgetJobs();
    const before = await attemptsCounted('repeated');
    await bus.emit(UserCreated, user);
    await waitFor(async () => (await attemptsCounted('repeated')) > before, { what: 'the repeated job to end' });

    const mails = await mailsTo(user.email);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ From: { Name: 'Angarium', Address: 'post@angarium.test' }, Subject: 'Welcome to Angarium' });
    expect(await eventsOf(EmailSent, welcomeKey(user))).toHaveLength(1);
  });

  it('says in email.sent which mail went out, by the Message-ID that it had', async () => {
    const user = someUser();
    await bus.emit(UserCreated, user);
    const [sent] = await awaitEvents(EmailSent, welcomeKey(user));
    const [mail] = await mailsTo(user.email);
    expect(sent).toMatchObject({ acceptedCount: 1, rejectedCount: 0, messageId: `<${sent!.deliveryId}@angarium.test>` });
    expect(`<${mail!.MessageID.replace(/[<>]/g, '')}>`).toBe(sent!.messageId);
    expect(await rowOf(welcomeKey(user))).toMatchObject({ id: sent!.deliveryId, status: 'sent', attempts: 1, messageId: sent!.messageId });
  });

  it('sends what another service asks for, once per emailId', async () => {
    const order = { emailId: uuidV7(), to: [`${uuidV7()}@example.com`], template: { key: 'welcome' as const, variables: { username: 'grace' } } };
    await bus.emit(EmailRequested, order);
    await bus.emit(EmailRequested, order);
    await awaitEvents(EmailSent, `email.requested:${order.emailId}`);
    expect(await mailsTo(order.to[0]!)).toHaveLength(1);
  });

  it('shows a hostile name as text', async () => {
    const user = someUser('<img src=x onerror=alert(1)>');
    await bus.emit(UserCreated, user);
    await awaitEvents(EmailSent, welcomeKey(user));
    const [mail] = await mailsTo(user.email);
    expect(mail!.HTML).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(mail!.HTML).not.toContain('<img');
    expect(mail!.Text).toContain('<img src=x onerror=alert(1)>');
  });

  it('gives a mail up at once when the server refuses it for good', async () => {
    const user = someUser();
    inbox.refuse(user.email, 550, { text: `5.1.1 <${user.email}> no such mailbox` });
    await bus.emit(UserCreated, user);
    const [failed] = await awaitEvents(EmailFailed, welcomeKey(user));
    expect(failed).toMatchObject({ code: 'EMAIL_REFUSED', reason: expect.stringContaining('550 5.1.1') as string });
    expect(await rowOf(welcomeKey(user))).toMatchObject({ status: 'failed', attempts: 1 });
    expect(JSON.stringify(failed)).not.toContain(user.email);
    expect(worker.output()).not.toContain(user.email);
  });

  it('does not send a mail that failed for good when its job is repeated', async () => {
    const user = someUser();
    inbox.refuse(user.email, 550);
    await bus.emit(UserCreated, user);
    await waitFor(async () => (await rowOf(welcomeKey(user)))?.status === 'failed', { what: 'the mail to fail' });
    inbox.resetFaults();
    await forgetJobs();
    await bus.emit(UserCreated, user);
    await waitFor(() => worker.output().includes('EMAIL_GIVEN_UP'), { what: 'the repeated job to end' });
    expect(await mailsTo(user.email)).toHaveLength(0);
  });

  it('sends one mail when the server defers it first', async () => {
    const user = someUser();
    inbox.refuse(user.email, 451, { times: 1 });
    await bus.emit(UserCreated, user);
    await awaitEvents(EmailSent, welcomeKey(user));
    expect(await mailsTo(user.email)).toHaveLength(1);
    expect(await rowOf(welcomeKey(user))).toMatchObject({ status: 'sent', attempts: 2 });
    expect(await eventsOf(EmailFailed, welcomeKey(user))).toEqual([]);
  });

  it('sends to those whom the server takes and counts the others', async () => {
    const [good, bad] = [`${uuidV7()}@example.com`, `${uuidV7()}@example.com`];
    inbox.refuse(bad, 550);
    const idempotencyKey = uuidV7();
    await queues.sendEmail({ to: [good, bad], subject: 'Two', text: 'Both of you' }, { idempotencyKey });
    expect(await awaitEvents(EmailSent, idempotencyKey)).toMatchObject([{ acceptedCount: 1, rejectedCount: 1 }]);
    expect(await rowOf(idempotencyKey)).toMatchObject({ lastError: expect.stringContaining('550') as string, recipients: [{ status: 'accepted' }, { status: 'rejected', smtp: 550 }] });
    expect(JSON.stringify(await rowOf(idempotencyKey))).not.toContain('example.com');
  });

  it('holds a mail that the server took without saying so, and tells that nobody knows', async () => {
    const user = someUser();
    inbox.loseAnswer(1);
    await bus.emit(UserCreated, user);
    expect(await awaitEvents(EmailFailed, welcomeKey(user))).toMatchObject([{ code: 'EMAIL_OUTCOME_UNKNOWN' }]);
    expect(await rowOf(welcomeKey(user))).toMatchObject({ status: 'unknown', attempts: 1 });
    await forgetJobs();
    await bus.emit(UserCreated, user);
    await waitFor(() => worker.output().includes('Nobody knows whether this mail went out'), { what: 'the repeated job to end' });
    expect(await mailsTo(user.email)).toHaveLength(1);
    expect(await attemptsCounted('EMAIL_OUTCOME_UNKNOWN')).toBe(1);
  });

  it('sends such a mail again under the same Message-ID when its order says so', async () => {
    const to = `${uuidV7()}@example.com`;
    const idempotencyKey = uuidV7();
    inbox.loseAnswer(1);
    await queues.sendEmail({ to, subject: 'Twice', text: 'rather than never', ifUnknown: 'repeat' }, { idempotencyKey });
    await awaitEvents(EmailSent, idempotencyKey);
    const mails = await mailsTo(to);
    expect(mails).toHaveLength(2);
    expect(mails[0]!.MessageID).toBe(mails[1]!.MessageID);
    expect(await eventsOf(EmailFailed, idempotencyKey)).toEqual([]);
  });

  it('keeps mails while the mail server is away, at no attempt, and sends them when it is back', async () => {
    const user = someUser();
    await inbox.stop();
    const before = await attemptsCounted('SMTP_UNAVAILABLE');
    await bus.emit(UserCreated, user);
    // more tries than the job has attempts
    await waitFor(async () => (await attemptsCounted('SMTP_UNAVAILABLE')) > before + 3, { what: 'four tries in vain' });
    expect(await rowOf(welcomeKey(user))).toMatchObject({ status: 'claimed', attempts: 1 });
    expect((await fetch(`${worker.url}/health/ready`)).status).toBe(200);
    inbox = await startInbox({ smtpPort: inbox.smtpPort });
    await waitFor(async () => (await mailsTo(user.email)).length === 1, { what: 'the mail' });
    await awaitEvents(EmailSent, welcomeKey(user));
  });

  it('lets a mail that is going out end when it is told to stop, and exits 0', async () => {
    const user = someUser();
    inbox.hold();
    await bus.emit(UserCreated, user);
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    worker.signal('SIGTERM');
    await waitFor(() => worker.output().includes('"stopping"'), { what: 'the worker to begin to stop' });
    inbox.release();
    expect(await worker.exited).toEqual({ code: 0, signal: null });
    expect(await mailsTo(user.email)).toHaveLength(1);
    expect(await rowOf(welcomeKey(user))).toMatchObject({ status: 'sent' });
  });
});
