import type { RedisConnection } from '@angarium/redis';

/**
 * Waits until the connection can take commands. @returns false when it was closed, not ready within `ms`, or `closed` was aborted.
 * (ioredis does not say `end` when it is closed between two attempts to reconnect, hence the signal.)
 */
export function untilReady(redis: RedisConnection, ms: number, closed: AbortSignal): Promise<boolean> {
  if (closed.aborted || redis.status === 'end' || ms <= 0) return Promise.resolve(false);
  if (redis.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isReady: boolean) => {
      clearTimeout(timer);
      redis.off('ready', onReady);
      redis.off('end', onEnd);
      closed.removeEventListener('abort', onEnd);
      resolve(isReady);
    };
    const onReady = () => settle(true);
    const onEnd = () => settle(false);
    const timer = setTimeout(onEnd, ms);
    redis.on('ready', onReady);
    redis.on('end', onEnd);
    closed.addEventListener('abort', onEnd);
  });
}
