import { EmailSent, UserCreated } from '@angarium/contracts';
import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { jobIdOf, queuePrefix } from '@angarium/queues';
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
  type RunningServer,
  type Service,
} from '@angarium/testing';
import { MessageBus } from '@angarium/transport';
import { uuidV7 } from '../claim/uuid-v7.js';

let postgres: RunningServer;
let redisServer: RunningServer;
let inbox: Inbox;
let bus: MessageBus;
let redis: RedisConnection;
let queueRedis: RedisConnection;
let ledger: Database<'email'>;
let start: (name: string) => Promise<Service>;
let services: Service[] = [];

beforeAll(async () => {
  const [one, two, three, apps] = await Promise.all([startRedis(), startPostgres({ fsync: true }), startInbox(), buildApps(['email-worker'])]);
  [redisServer, postgres, inbox] = [one, two, three];
  const database = await createTestDatabase(postgres);
  const env = { REDIS_URL: redisServer.url, DATABASE_URL: database.url, SMTP_URL: inbox.smtpUrl, QUEUE_LOCK_MS: '1000', DATABASE_TIMEOUT_MS: '1000' };
  start = async (name) => {
    const service = await startService({ name, main: apps['email-worker'], env });
    services.push(service);
    await service.ready();
    return service;
  };
  bus = new MessageBus({ service: 'gateway', redisUrl: redisServer.url });
  redis = connectRedis({ url: redisServer.url, name: 'test', logger: silentLogger });
  queueRedis = connectRedis({ url: redisServer.url, db: 1, name: 'test', logger: silentLogger });
  ledger = createDatabase('email', { url: database.url, logger: silentLogger });
});

afterEach(async () => {
  inbox.resetFaults();
  await Promise.all(services.map((it) => it.stop()));
  services = [];
});

afterAll(async () => {
  await Promise.all([bus.close(), ledger.$disconnect()]);
  redis.disconnect();
  queueRedis.disconnect();
  await inbox.stop();
});

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

const someUser = () => ({ ...UserCreated.example, userId: uuidV7(), email: `${uuidV7()}@example.com` });
const mailsTo = async (address: string) => (await inbox.messages()).filter((mail) => mail.To.some((it) => it.Address === address));
const rowOf = ({ userId }: { userId: string }) => ledger.emailDelivery.findFirst({ where: { idempotencyKey: `user.created:${userId}:welcome` } });
const sentEvents = async ({ userId }: { userId: string }) => {
  const entries = await redis.xrange(bus.addresses.eventStream(EmailSent.name), '-', '+');
  return entries.filter(([, fields]) => fields.some((it) => it.includes(userId))).length;
};

describe('when something dies while a mail goes out', () => {
  it('a killed worker’s mail is sent by another one, once, under the Message-ID that it had', async () => {
    const user = someUser();
    const first = await start('email-worker');
    inbox.hold();
    await bus.emit(UserCreated, user);
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    const messageId = (await rowOf(user))?.messageId;
    await start('email-worker.2');
    await first.kill();
    await waitFor(() => inbox.waiting === 0, { what: 'the mail server to see that its client died' });
    await waitFor(() => inbox.waiting === 1, { what: 'the second worker to send it' });
    inbox.release();
    await waitFor(() => sentEvents(user).then((count) => count === 1), { what: 'email.sent' });
    const mails = await mailsTo(user.email);
    expect(mails).toHaveLength(1);
    expect(`<${mails[0]!.MessageID.replace(/[<>]/g, '')}>`).toBe(messageId);
  });

  it('a worker that was frozen and is handed its own job again does not send it twice', async () => {
    const user = someUser();
    const worker = await start('email-worker');
    inbox.hold();
    await bus.emit(UserCreated, user);
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    worker.signal('SIGSTOP');
    const lock = `${queuePrefix('angarium')}:email:${jobIdOf(`user.created:${user.userId}:welcome`)}:lock`;
    await waitFor(async () => (await queueRedis.exists(lock)) === 0, { what: 'the lock of the job to end' });
    worker.signal('SIGCONT');
    await waitFor(() => worker.output().includes('job came again while its mail is on its way'), { what: 'the worker to get its own job again' });
    inbox.release();
    await waitFor(() => sentEvents(user).then((count) => count === 1), { what: 'email.sent' });
    await waitFor(async () => (await queueRedis.llen(`${queuePrefix('angarium')}:email:active`)) === 0, { what: 'both runs of the job to end' });
    expect(await mailsTo(user.email)).toHaveLength(1);
  });

  it('a mail that went out while Postgres was away is recorded when it is back, and not sent again', async () => {
    const user = someUser();
    const worker = await start('email-worker');
    inbox.hold();
    await bus.emit(UserCreated, user);
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    await postgres.kill();
    inbox.release();
    await waitFor(() => worker.output().includes('outcomes of mails not written yet'), { what: 'the first try to write in vain' });
    await postgres.restart();
    await waitFor(async () => (await rowOf(user))?.status === 'sent', { what: 'the ledger to say "sent"' });
    await waitFor(() => sentEvents(user).then((count) => count === 1), { what: 'email.sent' });
    expect(await mailsTo(user.email)).toHaveLength(1);
  });

  it('mails wait while Postgres is away, at no attempt, and go out when it is back', async () => {
    const user = someUser();
    const worker = await start('email-worker');
    await postgres.kill();
    await bus.emit(UserCreated, user);
    await waitFor(() => worker.output().split('DATABASE_UNAVAILABLE').length > 4, { what: 'more tries in vain than a job has attempts' });
    expect((await fetch(`${worker.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${worker.url}/health/live`)).status).toBe(200);
    await postgres.restart();
    await waitFor(() => sentEvents(user).then((count) => count === 1), { what: 'email.sent' });
    expect(await rowOf(user)).toMatchObject({ status: 'sent', attempts: 1 });
    expect(await mailsTo(user.email)).toHaveLength(1);
    await worker.ready();
  });

  it('everything goes on after Redis was killed, and nobody restarts anything', async () => {
    const [before, during] = [someUser(), someUser()];
    const worker = await start('email-worker');
    inbox.hold();
    await bus.emit(UserCreated, before);
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    await redisServer.kill();
    inbox.release();
    await waitFor(async () => (await rowOf(before))?.status === 'sent', { what: 'the ledger to say "sent" without Redis' });
    await redisServer.restart();
    await bus.emit(UserCreated, during, { timeoutMs: 20_000 });
    await waitFor(() => sentEvents(during).then((count) => count === 1), { what: 'email.sent' });
    await waitFor(() => sentEvents(before).then((count) => count === 1), { what: 'email.sent of the mail before' });
    expect(await mailsTo(before.email)).toHaveLength(1);
    expect(await mailsTo(during.email)).toHaveLength(1);
    expect(worker.isRunning()).toBe(true);
  });
});
