import type { HealthCheck } from '@angarium/observability';
import type { RedisConnection } from './connect-redis.js';
import { toRedisError } from './errors.js';

/** Writes a key and reads it back: a read-only or full Redis is not ready. */
export function redisHealth(redis: RedisConnection, namespace: string, instance: string): HealthCheck {
  const key = `${namespace}:health:${instance}`;
  return {
    name: 'redis',
    check: async () => {
      const started = performance.now();
      const written = String(Date.now());
      try {
        await redis.set(key, written, 'PX', 10_000);
        const read = await redis.get(key);
        if (read !== written) throw new Error('what was written is not what was read');
      } catch (error) {
        throw toRedisError(error);
      }
      return { latencyMs: Math.round((performance.now() - started) * 10) / 10 };
    },
  };
}
