import { type RedisConnection } from '@angarium/redis';
import { JobPriority } from '../queue-defaults.js';

/** BullMQ's score of a waiting job: priority times 2^32, plus a number that counts up. */
const SCORE_PER_PRIORITY = 2 ** 32;
const priorities = Object.values(JobPriority);

/**
 * Since when the job waits that has waited longest, in milliseconds since 1970; undefined where none waits. Two round trips, whatever waits:
 * the next job of the list and of each priority is the oldest there, since each is taken in the order of coming.
 * @param queueKey what the keys of the queue begin with: `angarium:{queues}:email`.
 */
export async function oldestWaitingSince(redis: RedisConnection, queueKey: string): Promise<number | undefined> {
  const heads = redis.pipeline().lindex(`${queueKey}:wait`, -1);
  for (const it of priorities) heads.zrangebyscore(`${queueKey}:prioritized`, it * SCORE_PER_PRIORITY, `(${(it + 1) * SCORE_PER_PRIORITY}`, 'LIMIT', 0, 1);
  const ids = (await answersOf<string | null | string[]>(heads)).flat().filter((id) => id !== null);
  if (ids.length === 0) return undefined;
  const jobs = redis.pipeline();
  for (const id of ids) jobs.hmget(`${queueKey}:${id}`, 'timestamp', 'opts', 'processedOn');
  const times = (await answersOf<(string | null)[]>(jobs)).map(readySince).filter((it) => it !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** When a job was last made ready, or a little before: it was added, its delay was over, it was begun and is to be tried again. */
function readySince([timestamp, opts, processedOn]: readonly (string | null)[]): number | undefined {
  // its job was removed since its id was read
  if (timestamp === null || timestamp === undefined) return undefined;
  const { delay = 0 } = JSON.parse(opts ?? '{}') as { delay?: number };
  return Math.max(Number(timestamp) + delay, Number(processedOn ?? 0));
}

async function answersOf<T>(pipeline: { exec(): Promise<[error: Error | null, answer: unknown][] | null> }): Promise<T[]> {
  return ((await pipeline.exec()) ?? []).map(([error, answer]) => {
    if (error !== null) throw error;
    return answer as T;
  });
}
