import { Metrics, silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { JobPriority, QueueService } from '../index.js';

const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' };
let redis: RunningServer;
let queues: QueueService;
let metrics: Metrics;

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(() => {
  queues = new QueueService({ redisUrl: redis.url, logger: silentLogger });
  metrics = new Metrics('test', false);
  queues.watch(metrics);
});
afterEach(async () => {
  await queues.openQueue('email').obliterate({ force: true });
  await queues.close();
});
// below the hooks above: connections are closed while their server is there
stopAfterTests();

/** Adds a job as if that had been so many seconds ago. */
const addAged = (id: string, ageS: number, more: object = {}) => queues.openQueue('email').add('send-email', {}, { jobId: id, timestamp: Date.now() - ageS * 1_000, ...more });
const scrape = async (name: string, labels: string) => Number(new RegExp(`^${name}\\{${labels},service="test"\\} (.*)$`, 'm').exec(await metrics.registry.metrics())?.[1]);
const oldest = () => scrape('bull_queue_oldest_waiting_seconds', 'queue="email"');
const depth = (status: string) => scrape('bull_queue_depth', `queue="email",status="${status}"`);

describe('the metrics of the queues', () => {
  it('tell the depth of each queue by state', async () => {
    for (let n = 0; n < 3; n += 1) await queues.sendEmail(mail);
    await queues.sendEmail(mail, { delayMs: 60_000 });
    await queues.pauseQueue('email');
    expect(await depth('waiting')).toBe(3);
    expect(await depth('delayed')).toBe(1);
    expect(await depth('paused')).toBe(3);
    expect(await depth('failed')).toBe(0);
    expect(await scrape('bull_queue_depth', 'queue="log-processing",status="waiting"')).toBe(0);
    await queues.resumeQueue('email');
  });

  it.each([
    ['of any priority', { priority: JobPriority.BACKGROUND }],
    ['without a priority', { priority: 0 }],
  ])('tell the age of the oldest job that waits, %s, though younger ones stand before it', async (_what, options) => {
    for (const priority of Object.values(JobPriority)) await addAged(`young-${priority}`, 1, { priority });
    await queues.openQueue('email').drain();
    await addAged('old', 100, options);
    for (const priority of Object.values(JobPriority)) await addAged(`younger-${priority}`, 5, { priority });
    expect(await oldest()).toBeCloseTo(100, 0);
  });

  it('count from when a job was ready, not from when it was scheduled, and nothing that is not ready', async () => {
    await addAged('scheduled', 3_600, { delay: 3_590_000 });
    await addAged('tomorrow', 0, { delay: 86_400_000 });
    expect(await oldest()).toBe(0);
    await (await queues.openQueue('email').getJob('scheduled'))?.promote();
    await queues.close();
    queues = new QueueService({ redisUrl: redis.url });
    metrics = new Metrics('test', false);
    queues.watch(metrics);
    expect(await oldest()).toBeCloseTo(10, 0);
  });

  it('cost the same few commands whatever waits, and one look a second', async () => {
    await queues.openQueue('email').addBulk(Array.from({ length: 5_000 }, (_, n) => ({ name: 'send-email', data: {}, opts: { jobId: `low-${n}`, priority: JobPriority.LOW } })));
    const direct = new Redis(redis.url, { db: 1 });
    await direct.config('RESETSTAT');
    await Promise.all(Array.from({ length: 20 }, () => metrics.registry.metrics()));
    const stats = await direct.info('commandstats');
    direct.disconnect();
    expect(stats).not.toMatch(/cmdstat_(scan|keys|zscan|lrange)/);
    expect(Number(/cmdstat_zrangebyscore:calls=(\d+)/.exec(stats)?.[1])).toBe(8 * 5);
    expect(Number(/cmdstat_hmget:calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(30);
  });

  it('are left out while Redis is away, and all others are told all the same, soon', async () => {
    metrics.counter('soups_total', 'Soups.').inc();
    await queues.sendEmail(mail);
    expect(await depth('waiting')).toBe(1);
    await redis.kill('SIGKILL');
    let text = '';
    await waitFor(async () => !(text = await metrics.registry.metrics()).includes('bull_queue_depth{'), { what: 'the depths to be left out' });
    expect(text).toContain('angarium_soups_total{service="test"} 1');
    await redis.restart();
    await waitFor(async () => (await depth('waiting')) === 1, { what: 'the depths to be told again' });
  });
});
