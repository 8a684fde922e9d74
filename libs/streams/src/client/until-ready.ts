import type { RedisConnection } from '@angarium/redis';

/** Waits until the connection can take commands. @returns false when it was closed, or not ready within `ms`. */
export function untilReady(redis: RedisConnection, ms: number): Promise<boolean> {
  if (redis.status === 'ready') return Promise.resolve(true);
  if (redis.status === 'end' || ms <= 0) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (isReady: boolean) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('end', onEnd);
      resolve(isReady);
    };
    const onReady = () => settle(true);
    const onEnd = () => settle(false);
    const timer = setTimeout(onEnd, ms);
    redis.on('ready', onReady);
    redis.on('end', onEnd);
  });
}
