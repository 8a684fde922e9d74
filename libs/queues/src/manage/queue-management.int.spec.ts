import { followContext, runInContext } from '@angarium/observability';
import { startRedis, stopAfterTests, type RunningServer } from '@angarium/testing';
import { Queue, Worker, type Job } from 'bullmq';
import { JobPriority, queuePrefix, QueueService } from '../index.js';

const CANARY = 'canary-481516';
const mail = { to: 'ada@example.com', subject: CANARY, text: CANARY };

let redis: RunningServer;
let queues: QueueService;
let raw: Queue;
let worker: Worker;
const connection = () => ({ connection: { url: redis.url, db: 1 }, prefix: queuePrefix('angarium') });

beforeAll(async () => {
  redis = await startRedis();
  queues = new QueueService({ redisUrl: redis.url });
  raw = new Queue('email', connection());
  worker = new Worker('email', null, { ...connection(), skipStalledCheck: true });
});

afterEach(() => raw.obliterate({ force: true }));

afterAll(async () => {
  await queues.close();
  await worker.close();
  await raw.close();
});
// below the hook above: connections are closed while their server is there
stopAfterTests();

const order = (idempotencyKey: string, more: object = {}) => queues.sendEmail(mail, { idempotencyKey, ...more });
async function take(): Promise<Job> {
  const job = (await worker.getNextJob('token', { block: false })) as Job | undefined;
  if (job === undefined) throw new Error('nothing to take');
  return job;
}
const idsOf = async (...args: Parameters<QueueService['getQueueJobs']>) => (await queues.getQueueJobs(...args)).map(({ id }) => id);
const statusOf = async (name: string) => (await queues.getAllQueuesStatus()).find((it) => it.name === name);

// what Jest matches with is typed any
const isTime: unknown = expect.stringMatching(/^2.*Z$/);
const saying = (part: string): unknown => expect.stringContaining(part);

describe('a job', () => {
  it.each([
    ['attempts', { attempts: 0 }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['delayMs', { delayMs: Number.NaN }],
    ['priority', { priority: 2.5 }],
  ])('with options that mean nothing is refused before it is put, naming %s', async (field, options) => {
    await expect(queues.sendEmail(mail, options as object)).rejects.toMatchObject({ code: 'CONTRACT_BROKEN', message: saying(`options of send-email does not fit its contract: ${field}: `) });
    expect(await statusOf('email')).toMatchObject({ counts: { waiting: 0, delayed: 0 } });
  });
});

describe('the status of all queues', () => {
  it('has each of the eight queues and counts what is in each state', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'e']) await order(key);
    await order('later', { delayMs: 60_000 });
    await (await take()).moveToCompleted({ ok: true }, 'token', false);
    await (await take()).moveToFailed(new Error('no ink'), 'token', false);
    await take();
    expect((await queues.getAllQueuesStatus()).map(({ name }) => name)).toHaveLength(8);
    // the one that failed waits for its next try
    expect(await statusOf('email')).toEqual({ name: 'email', isPaused: false, counts: { waiting: 2, active: 1, completed: 1, failed: 0, delayed: 2, paused: 0 } });
  });

  it('says of a paused queue that all that waits is held back, and of a resumed one that nothing is', async () => {
    await order('a');
    await queues.pauseQueue('email');
    await queues.pauseQueue('email');
    await expect(take()).rejects.toThrow('nothing to take');
    expect(await statusOf('email')).toMatchObject({ isPaused: true, counts: { waiting: 1, paused: 1 } });
    await queues.resumeQueue('email');
    expect(await statusOf('email')).toMatchObject({ isPaused: false, counts: { waiting: 1, paused: 0 } });
    expect((await take()).id).toBe('a');
  });
});

describe('the jobs of a queue', () => {
  it('are listed in the order in which they are taken, cut into pages without gaps or repeats', async () => {
    await raw.add('send-email', {}, { jobId: 'list-1' });
    await raw.add('send-email', {}, { jobId: 'list-2' });
    await order('low', { priority: JobPriority.LOW });
    await order('critical', { priority: JobPriority.CRITICAL });
    await order('normal');
    const all = ['list-1', 'list-2', 'critical', 'normal', 'low'];
    expect(await idsOf('email', 'waiting')).toEqual(all);
    expect(await idsOf('email', 'waiting', 0, 0)).toEqual(all.slice(0, 1));
    expect(await idsOf('email', 'waiting', 1, 2)).toEqual(all.slice(1, 3));
    expect(await idsOf('email', 'waiting', 3, 9)).toEqual(all.slice(3));
    expect(await idsOf('email', 'waiting', 5, 9)).toEqual([]);
  });

  it('that ended are listed with the last one first', async () => {
    for (const key of ['a', 'b']) {
      await order(key);
      await (await take()).moveToCompleted(key, 'token', false);
    }
    expect(await idsOf('email', 'completed')).toEqual(['b', 'a']);
    expect(await idsOf('email', 'failed')).toEqual([]);
  });

  it('say what they are, to whom they belong and how they went, and nothing of what they carry', async () => {
    await runInContext(followContext({ tenant: 'acme' }), () => order('k:1', { priority: JobPriority.HIGH, delayMs: 1, attempts: 1 }));
    await raw.promoteJobs();
    const job = await take();
    await job.updateProgress(30);
    await job.moveToFailed(new Error(`SMTP_REFUSED: 550 <ada@example.com> +8613800138000 said no`), 'token', false);
    const [listed] = await queues.getQueueJobs('email', 'failed');
    expect(listed).toEqual({
      ...{ id: 'k|1', name: 'send-email', queue: 'email', state: 'failed', progress: 30, attemptsMade: 1, maxAttempts: 1 },
      data: { to: ['a…@example.com'], subject: '(hidden)', text: '(hidden)' },
      ...{ failedReason: 'SMTP_REFUSED: 550 <a…@example.com> …8000 said no', returnvalue: null },
      ...{ createdAt: isTime, processedAt: isTime, finishedAt: isTime },
      ...{ delay: 1, priority: 3, tenant: 'acme', idempotencyKey: 'k:1' },
    });
    expect(await queues.getJob('email', 'k|1')).toEqual(listed);
    expect(JSON.stringify(listed)).not.toMatch(/canary|ada@|stack/i);
  });

  it('that others put there are shown without any of their data', async () => {
    await raw.add('send-pigeon', { secret: CANARY, payload: CANARY }, { jobId: 'pigeon' });
    const job = await take();
    await job.moveToCompleted({ to: 'ada@example.com', phones: ['13800138000'], deep: { a: { b: { c: { d: { e: { f: CANARY } } } } } } }, 'token', false);
    const shown = await queues.getJob('email', 'pigeon');
    expect(shown).toMatchObject({ data: '(hidden)', returnvalue: { to: 'a…@example.com', phones: ['…8000'] }, tenant: null });
    expect(JSON.stringify(shown)).not.toContain(CANARY);
  });

  it.each(['waiting', 'prioritized', 'delayed', 'active', 'completed'])('that are %s tell their state by the names of this API', async (state) => {
    if (state === 'waiting') await raw.add('send-email', {}, { jobId: 'a' });
    else await order('a', state === 'delayed' ? { delayMs: 60_000 } : {});
    const job = state === 'active' || state === 'completed' ? await take() : undefined;
    if (state === 'completed') await job?.moveToCompleted(1, 'token', false);
    expect((await queues.getJob('email', 'a')).state).toBe(state === 'prioritized' ? 'waiting' : state);
  });
});

describe('changing what is in a queue', () => {
  it('retries a job that failed, which goes on counting its attempts, and no other', async () => {
    await order('a', { attempts: 1 });
    await expect(queues.retryJob('email', 'a')).rejects.toMatchObject({ code: 'JOB_STATE_WRONG', message: saying('is waiting and cannot be retried'), details: { state: 'waiting' } });
    await (await take()).moveToFailed(new Error('no ink'), 'token', false);
    await queues.retryJob('email', 'a');
    expect(await queues.getJob('email', 'a')).toMatchObject({ state: 'waiting', attemptsMade: 1, failedReason: null });
    expect((await take()).id).toBe('a');
  });

  it('removes a job that waits or has ended, and none that is being done', async () => {
    await order('a');
    await order('soon', { delayMs: 60_000 });
    await take();
    await expect(queues.removeJob('email', 'a')).rejects.toMatchObject({ code: 'JOB_STATE_WRONG', status: 409 });
    expect(await idsOf('email', 'active')).toEqual(['a']);
    await queues.removeJob('email', 'soon');
    await expect(queues.getJob('email', 'soon')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  it.each(['active', 'failed', 'meta', '123', '1.5', ''])('takes any idempotency key, %j too, which BullMQ has a use of its own for', async (key) => {
    const { jobId } = await order(key);
    expect((await queues.getJob('email', jobId)).idempotencyKey).toBe(key);
    expect(await idsOf('email', 'waiting')).toEqual([jobId]);
    expect(await idsOf('email', 'failed')).toEqual([]);
    expect((await take()).id).toBe(jobId);
  });

  it('empties a queue of what waits and is delayed, and says how many that was; what is being done and what ended stays', async () => {
    await order('active');
    await take();
    await raw.add('send-email', {}, { jobId: 'list' });
    await order('a');
    await order('b', { delayMs: 60_000 });
    expect(await queues.emptyQueue('email')).toBe(3);
    expect(await queues.emptyQueue('email')).toBe(0);
    expect(await statusOf('email')).toMatchObject({ counts: { waiting: 0, delayed: 0, active: 1 } });
  });

  it('cleans jobs of one state that are older than the grace, up to the limit', async () => {
    for (const key of ['a', 'b', 'c', 'd']) {
      await order(key);
      await (await take()).moveToCompleted(key, 'token', false);
    }
    await order('waits');
    expect(await queues.cleanQueue('email', 60_000)).toBe(0);
    expect(await queues.cleanQueue('email', 0, 'completed', 3)).toBe(3);
    expect(await queues.cleanQueue('email', 0)).toBe(1);
    expect(await queues.cleanQueue('email', 0, 'waiting', 1)).toBe(1);
    expect(await statusOf('email')).toMatchObject({ counts: { waiting: 0, completed: 0 } });
  });

  it('of a name that is no queue, or a job that is not there, is refused with what there is', async () => {
    const missing = { code: 'JOB_NOT_FOUND', status: 404 };
    for (const call of [queues.getJob('email', 'nobody'), queues.retryJob('email', 'nobody'), queues.removeJob('email', 'nobody')]) await expect(call).rejects.toMatchObject(missing);
    const unknown = { code: 'QUEUE_UNKNOWN', status: 404, message: saying('email, sms, notification') };
    for (const call of [queues.getQueueJobs('post', 'waiting'), queues.pauseQueue('post'), queues.emptyQueue('post'), queues.cleanQueue('__proto__', 0)]) await expect(call).rejects.toMatchObject(unknown);
  });
});
