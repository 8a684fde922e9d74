import type { Redis } from 'ioredis';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from './connect-redis.js';
import { RedisErrors } from './errors.js';

/**
 * Refuses a Redis that may forget acknowledged messages: one that evicts keys or keeps no append-only file.
 * Asks INFO, which needs no administrative right. Does nothing while Redis is away (waits for it).
 * @throws REDIS_NOT_DURABLE naming each setting and its cure, unless `allowUnsafe`, then it warns.
 */
export async function requireDurableRedis(redis: RedisConnection, options: { allowUnsafe: boolean; logger: Logger }): Promise<void> {
  const info = `${await (redis as Redis).info('memory')}\n${await (redis as Redis).info('persistence')}`;
  const read = (field: string) => new RegExp(`^${field}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  const faults: string[] = [];
  const policy = read('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') faults.push(`maxmemory-policy is ${policy}: CONFIG SET maxmemory-policy noeviction`);
  if (read('aof_enabled') === '0') faults.push('appendonly is no: CONFIG SET appendonly yes');
  if (faults.length === 0) return;
  const message = `The Redis of REDIS_URL may lose messages: ${faults.join('; ')}. Or set REDIS_ALLOW_UNSAFE=true if losing messages is acceptable.`;
  if (!options.allowUnsafe) throw RedisErrors.REDIS_NOT_DURABLE(message, { details: { faults } });
  options.logger.warn({ faults }, 'redis may lose messages, as REDIS_ALLOW_UNSAFE allows');
}
