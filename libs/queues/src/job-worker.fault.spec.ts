import { SendEmail } from '@angarium/contracts';
import { defineErrors, type RetryVerdict } from '@angarium/errors';
import { createLogger, followContext, Metrics, runInContext, silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Queue, type Job } from 'bullmq';
import { JobPriority, JobWorker, queuePrefix, QueueService, type JobContext, type JobHandler } from './index.js';
import { emailHandlers } from './testing/email-handlers.js';

const failure = (retry: RetryVerdict) => defineErrors({ NO_INK: { status: 503, blame: 'us', retry, summary: 'No ink.', cure: 'Buy some.' } }).NO_INK();
const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' };

let redis: RunningServer;
let queues: QueueService;
let inspect: Queue;
const workers: JobWorker[] = [];

beforeAll(async () => {
  redis = await startRedis();
  queues = new QueueService({ redisUrl: redis.url });
  inspect = new Queue('email', { connection: { url: redis.url, db: 1 }, prefix: queuePrefix('angarium') });
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close(1_000)));
});

afterAll(async () => {
  await queues.close();
  await inspect.close();
});
// below the hook above: connections are closed while their server is there
stopAfterTests();

function work(handle: (to: string[], context: JobContext) => Promise<unknown>, more: { lockMs?: number; concurrency?: number } = {}): JobWorker {
  const worker = new JobWorker({
    ...{ queue: 'email', handlers: emailHandlers(handle), concurrency: more.concurrency ?? 5, redisUrl: redis.url },
    ...{ logger: silentLogger, metrics: new Metrics('test', false), lockMs: more.lockMs ?? 3_000 },
  });
  worker.start();
  workers.push(worker);
  return worker;
}
const job = async (jobId: string): Promise<Job> => (await inspect.getJob(jobId)) as Job;
const settled = (jobId: string) =>
  waitFor(
    async () => {
      const state = await (await job(jobId)).getState();
      return (state === 'completed' || state === 'failed') && state;
    },
    { what: `the end of job ${jobId}` },
  );

describe('a job', () => {
  it("has the documented defaults and its caller's options, and its context travels with it", async () => {
    const context = followContext({ correlationId: 'order-9', tenant: 'acme' });
    const { jobId } = await runInContext(context, () => queues.sendEmail(mail, { idempotencyKey: 'a:1', priority: JobPriority.CRITICAL }));
    const stored = await job(jobId);
    expect(jobId).toBe('a|1');
    expect(stored.opts).toMatchObject({
      ...{ attempts: 3, backoff: { type: 'exponential', delay: 2_000 }, priority: 1 },
      ...{ removeOnComplete: { age: 86_400, count: 1_000 }, removeOnFail: { age: 604_800 } },
    });
    const lines: string[] = [];
    const logger = createLogger({ service: 's', instance: 'i', level: 'info' }, { write: (line) => void lines.push(line) });
    work(async (_to, { tenant, idempotencyKey }) => {
      logger.info({ idempotencyKey, jobTenant: tenant }, 'sending');
      return Promise.resolve();
    });
    await settled(jobId);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ correlationId: 'order-9', tenant: 'acme', jobTenant: 'acme', idempotencyKey: 'a:1' });
  });

  it('asked for twice with one key is done once', async () => {
    let count = 0;
    await queues.sendEmail(mail, { idempotencyKey: 'twice' });
    await queues.sendEmail(mail, { idempotencyKey: 'twice' });
    work(() => Promise.resolve(++count));
    await settled('twice');
    await queues.sendEmail(mail, { idempotencyKey: 'twice' });
    await queues.sendEmail(mail, { idempotencyKey: 'behind' });
    await settled('behind');
    expect(count).toBe(2);
  });

  it('that breaks its contract is refused with the path, when it is added and when it is taken', async () => {
    await expect(queues.sendEmail({ ...mail, to: 'nobody' })).rejects.toMatchObject({ code: 'CONTRACT_BROKEN', details: { faults: [{ path: 'to' }] } });
    await inspect.add('send-email', { payload: { to: 7 }, context: followContext(), idempotencyKey: 'bad' }, { jobId: 'bad', attempts: 3 });
    await inspect.add('send-pigeon', { payload: {}, context: followContext(), idempotencyKey: 'pigeon' }, { jobId: 'pigeon', attempts: 3 });
    work(() => Promise.resolve());
    expect(await settled('bad')).toBe('failed');
    expect(await settled('pigeon')).toBe('failed');
    expect((await job('bad')).failedReason).toMatch(/^CONTRACT_BROKEN: send-email does not fit its contract: to: /);
    expect((await job('pigeon')).failedReason).toMatch(/^JOB_UNKNOWN/);
    expect((await job('bad')).attemptsMade).toBe(1);
  });

  it('whose failure can never pass is ended at once; any other is tried again with backoff', async () => {
    const tries: number[] = [];
    await queues.sendEmail(mail, { idempotencyKey: 'never' });
    await queues.sendEmail(mail, { idempotencyKey: 'later', attempts: 2 });
    work((_to, { idempotencyKey, attempt, isLastAttempt }) => {
      if (idempotencyKey === 'never') throw failure('never');
      tries.push(attempt);
      if (!isLastAttempt) throw failure('later');
      return Promise.resolve('sent');
    });
    expect(await settled('never')).toBe('failed');
    expect((await job('never')).attemptsMade).toBe(1);
    expect(await settled('later')).toBe('completed');
    expect(tries).toEqual([1, 2]);
  });

  it('is not failed by an outage of what it depends on, however long: it waits and no attempt is counted', async () => {
    let isAway = true;
    let tries = 0;
    await queues.sendEmail(mail, { idempotencyKey: 'outage', attempts: 2 });
    work((_to, { attempt }) => {
      tries += 1;
      if (isAway) throw failure('when-available');
      return Promise.resolve(attempt);
    });
    await waitFor(() => tries >= 4, { what: 'four tries' });
    isAway = false;
    expect(await settled('outage')).toBe('completed');
    expect((await job('outage')).returnvalue).toBe(1);
  });

  it('of a worker that died is given to another within its lock and half a second; a living worker keeps its own', async () => {
    const begun: string[] = [];
    await queues.sendEmail(mail, { idempotencyKey: 'orphan' });
    await queues.sendEmail(mail, { idempotencyKey: 'slow' });
    // takes the job as a worker does, and is never heard of again
    const { Worker } = await import('bullmq');
    const dying = new Worker('email', null, { connection: { url: redis.url, db: 1 }, prefix: queuePrefix('angarium'), lockDuration: 1_500, skipStalledCheck: true, skipLockRenewal: true });
    const taken = await dying.getNextJob('dying-token');
    expect(taken?.id).toBe('orphan');
    await dying.close(true);
    const diedAt = performance.now();
    let release = () => undefined as void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const handle = async (_to: string[], { idempotencyKey }: JobContext) => {
      begun.push(idempotencyKey);
      if (idempotencyKey === 'slow') await gate;
    };
    work(handle, { lockMs: 1_500 });
    work(handle, { lockMs: 1_500 });
    expect(await settled('orphan')).toBe('completed');
    expect(performance.now() - diedAt).toBeLessThan(5_000);
    await waitFor(() => performance.now() - diedAt > 5_000, { what: 'three locks to pass' });
    release();
    await settled('slow');
    expect(begun.filter((key) => key === 'slow')).toHaveLength(1);
  });

  it('that takes longer than its contract allows is told to stop and tried again', async () => {
    const { withinTime } = await import('./within-time.js');
    let wasTold = false;
    const forever = withinTime(50, (signal) => new Promise(() => signal.addEventListener('abort', () => (wasTold = true))));
    await expect(forever).rejects.toMatchObject({ code: 'JOB_TIMEOUT', retry: 'later' });
    expect(wasTold).toBe(true);
  });

  it('survives Redis killed and restarted, and so does its worker', async () => {
    const done: string[] = [];
    work((_to, { idempotencyKey }) => Promise.resolve(done.push(idempotencyKey)));
    await redis.kill('SIGKILL');
    const added = queues.sendEmail(mail, { idempotencyKey: 'patient' });
    await redis.restart();
    await added;
    await settled('patient');
    expect(done).toEqual(['patient']);
  });
});

describe('a worker', () => {
  const parts = () => ({ queue: 'email' as const, concurrency: 1, redisUrl: redis.url, logger: silentLogger, metrics: new Metrics('test', false) });
  const handler = { contract: SendEmail, handle: () => Promise.resolve() } as unknown as JobHandler;

  it('does not start when a job type has no handler, or two', () => {
    expect(() => new JobWorker({ ...parts(), handlers: [] })).toThrow(/send-email has no handler/);
    expect(() => new JobWorker({ ...parts(), handlers: [handler, handler] })).toThrow(/send-email has two handlers/);
    expect(() => new JobWorker({ ...parts(), queue: 'sms', handlers: [handler] })).toThrow(/send-email is no job of queue sms/);
  });

  it('is healthy while it runs', async () => {
    const worker = work(() => Promise.resolve());
    await waitFor(() => worker.health().check(), { what: 'health' });
  });
});
