import { silentLogger } from '@angarium/observability';
import { startRedis, stopAfterTests, waitFor } from '@angarium/testing';
import { EmailQueue } from './email-queue.js';

stopAfterTests();

describe('the counts of the queue email', () => {
  it('are missing while Redis is away, come back with it, and hold up no stop', async () => {
    const redis = await startRedis();
    const options = { redisUrl: redis.url, queueDb: 1, namespace: 'test', logger: silentLogger, reconnectMaxMs: 50, timeoutMs: 200 };
    await redis.kill('SIGKILL');
    const neverConnected = new EmailQueue(options);
    const queue = new EmailQueue(options);
    expect(await neverConnected.counts()).toBeUndefined();
    expect(await queue.counts()).toBeUndefined();
    await closedWithin(3_000, neverConnected);

    await redis.restart();
    expect(await waitFor(() => queue.counts(), { what: 'the counts' })).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0, completed: 0 });
    await redis.kill('SIGKILL');
    expect(await queue.counts()).toBeUndefined();
    await closedWithin(3_000, queue);
  });
});

async function closedWithin(ms: number, queue: EmailQueue): Promise<void> {
  let isClosed = false;
  void queue.close().then(() => (isClosed = true));
  await waitFor(() => isClosed, { what: 'the queue to close', timeoutMs: ms });
}
