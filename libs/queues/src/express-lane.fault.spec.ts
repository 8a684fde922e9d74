import { defineErrors } from '@angarium/errors';
import { Metrics, silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { JobPriority, JobWorker, QueueService, type JobContext } from './index.js';
import { emailHandlers } from './testing/email-handlers.js';

const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' };
const busy = defineErrors({ NO_INK: { status: 503, blame: 'us', retry: 'later', summary: 'No ink.', cure: 'Buy some.' } });

let redis: RunningServer;
let queues: QueueService;
const workers: JobWorker[] = [];
/** When each job was begun, in the order of beginning. */
let begun: { key: string; at: number }[] = [];
let release: () => void;
let gate: Promise<void>;

beforeAll(async () => {
  redis = await startRedis();
  queues = new QueueService({ redisUrl: redis.url });
});

beforeEach(() => {
  begun = [];
  gate = new Promise((resolve) => (release = resolve));
});

afterEach(async () => {
  release();
  await Promise.all(workers.splice(0).map((worker) => worker.close(2_000)));
  await queues.openQueue('email').obliterate({ force: true });
});

afterAll(() => queues.close());
// below the hook above: connections are closed while their server is there
stopAfterTests();

function work(more: { concurrency?: number; expressSlots?: number; limiter?: { max: number; duration: number }; handle?: (context: JobContext) => Promise<unknown> } = {}): Metrics {
  const handlers = emailHandlers(async (_to, context) => {
    begun.push({ key: context.idempotencyKey, at: performance.now() });
    return more.handle === undefined ? (context.idempotencyKey.startsWith('slow') ? gate : undefined) : more.handle(context);
  });
  const metrics = new Metrics('test', false);
  const { concurrency = 2, limiter = { max: 100_000, duration: 1_000 }, expressSlots } = more;
  const worker = new JobWorker({
    ...{ queue: 'email', handlers, concurrency, limiter, redisUrl: redis.url, logger: silentLogger, metrics, lockMs: 1_500 },
    ...(expressSlots === undefined ? {} : { expressSlots }),
  });
  worker.start();
  workers.push(worker);
  return metrics;
}
const add = (key: string, priority: JobPriority, more: object = {}) => queues.sendEmail(mail, { idempotencyKey: key, priority, ...more });
const isBegun = (key: string) => begun.find((it) => it.key === key);
const beginOf = (key: string, timeoutMs = 5_000) => waitFor(() => isBegun(key), { what: `${key} to begin`, timeoutMs, everyMs: 1 });
const stateOf = async (key: string) => (await queues.getJob('email', key)).state;

/** All slots busy with slow jobs, and 200 more of low priority behind them. */
async function fillAllSlots(): Promise<void> {
  for (const key of ['slow-1', 'slow-2']) await add(key, JobPriority.LOW);
  await Promise.all(Array.from({ length: 200 }, (_, n) => add(`low-${n}`, JobPriority.LOW)));
  await waitFor(() => begun.length === 2, { what: 'the slow jobs to begin' });
}

describe('a critical job', () => {
  it('begins while all slots are busy with slow jobs and 200 wait; those are left in their order', async () => {
    work();
    await fillAllSlots();
    for (let n = 0; n < 10; n += 1) {
      await add(`critical-${n}`, JobPriority.CRITICAL);
      await beginOf(`critical-${n}`);
    }
    expect(begun.filter(({ key }) => key.startsWith('low'))).toEqual([]);
    await waitFor(async () => (await stateOf('critical-9')) === 'completed', { what: 'its end' });
  });

  it('waits for a free slot where there is no express lane, so that the test above says something', async () => {
    work({ expressSlots: 0 });
    await fillAllSlots();
    await add('critical', JobPriority.CRITICAL);
    await expect(beginOf('critical', 500)).rejects.toThrow();
    release();
    await beginOf('critical');
  });

  it('begins while the limiter lets nobody begin', async () => {
    work({ limiter: { max: 2, duration: 600_000 }, concurrency: 10 });
    for (let n = 0; n < 20; n += 1) await add(`low-${n}`, JobPriority.LOW);
    await waitFor(() => begun.length === 2, { what: 'the limiter to be full' });
    await add('critical', JobPriority.CRITICAL);
    await beginOf('critical');
    expect(begun.filter(({ key }) => key.startsWith('low'))).toHaveLength(2);
  });

  it('that is due later begins when it is due, though all slots are busy', async () => {
    work();
    await fillAllSlots();
    const at = performance.now();
    await add('critical', JobPriority.CRITICAL, { delayMs: 300 });
    expect((await beginOf('critical')).at - at).toBeGreaterThan(290);
    expect(begun.filter(({ key }) => key.startsWith('low'))).toEqual([]);
  });

  it('passes by jobs that a dead worker left, which go back to the front of their priority', async () => {
    work();
    await fillAllSlots();
    // what BullMQ does with a job whose worker is not heard of
    const direct = new Redis(redis.url, { db: 1 });
    await direct.zrem('angarium:{queues}:email:prioritized', 'low-0', 'low-1');
    await direct.rpush('angarium:{queues}:email:wait', 'low-0', 'low-1');
    direct.disconnect();
    await add('critical', JobPriority.CRITICAL);
    await beginOf('critical');
    expect(begun.filter(({ key }) => key.startsWith('low'))).toEqual([]);
    expect((await queues.getQueueJobs('email', 'waiting', 0, 1)).map(({ id }) => id).sort()).toEqual(['low-0', 'low-1']);
  });

  it('on the express lane is tried again, ended and counted as any other', async () => {
    const tries: number[] = [];
    const metrics = work({
      handle: async ({ idempotencyKey, attempt }) => {
        if (!idempotencyKey.startsWith('critical')) return gate;
        tries.push(attempt);
        if (idempotencyKey === 'critical-never' || attempt === 1) throw busy.NO_INK();
        return 'sent';
      },
    });
    await fillAllSlots();
    await add('critical-once', JobPriority.CRITICAL, { attempts: 2 });
    await add('critical-never', JobPriority.CRITICAL, { attempts: 1 });
    await waitFor(async () => (await stateOf('critical-once')) === 'completed', { what: 'the second try' });
    expect(await queues.getJob('email', 'critical-once')).toMatchObject({ returnvalue: 'sent', attemptsMade: 2 });
    expect(await queues.getJob('email', 'critical-never')).toMatchObject({ state: 'failed', failedReason: expect.stringContaining('NO_INK') as unknown });
    const text = await metrics.registry.metrics();
    for (const [status, count] of [['completed', 1], ['retried', 1], ['failed', 1]] as const) {
      expect(text).toContain(`bull_jobs_total{queue="email",job="send-email",status="${status}",service="test"} ${count}`);
    }
    for (const priority of ['critical', 'low']) expect(text).toMatch(new RegExp(`bull_job_wait_seconds_count\\{.*priority=\"${priority}\".*\\} 2`));
  });

  it('on the express lane keeps its lock as long as it takes, and no other worker begins it', async () => {
    const done = new Promise<void>((resolve) => setTimeout(resolve, 4_000));
    const handle = ({ idempotencyKey }: JobContext) => (idempotencyKey === 'critical' ? done : gate);
    work({ handle });
    work({ handle });
    for (const key of ['slow-1', 'slow-2', 'slow-3', 'slow-4']) await add(key, JobPriority.LOW);
    await waitFor(() => begun.length === 4, { what: 'the slow jobs to begin' });
    await add('critical', JobPriority.CRITICAL);
    await beginOf('critical');
    await waitFor(async () => (await stateOf('critical')) === 'completed', { what: 'its end' });
    expect(begun.filter(({ key }) => key === 'critical')).toHaveLength(1);
  });
});

describe('an idle queue', () => {
  it('is not asked for anything by the express lane', async () => {
    work();
    await add('first', JobPriority.NORMAL);
    await waitFor(async () => (await stateOf('first')) === 'completed', { what: 'its end' });
    const direct = new Redis(redis.url, { db: 1 });
    const count = async () => Number(/cmdstat_zrange:calls=(\d+)/.exec(await direct.info('commandstats'))?.[1] ?? 0);
    let before = -1;
    // the limiter's window passes first
    const isAtRest = async () => {
      const last = before;
      return (before = await count()) === last;
    };
    await waitFor(isAtRest, { what: 'the lane to rest' });
    const at = performance.now();
    await waitFor(() => performance.now() - at > 1_000, { what: 'a second' });
    expect((await count()) - before).toBeLessThanOrEqual(3);
    direct.disconnect();
  });
});
