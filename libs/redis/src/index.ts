export { closeRedis, connectRedis } from './connect-redis.js';
export type { RedisConnection, RedisConnectionOptions } from './connect-redis.js';
export { RedisErrors, replyCode, toRedisError } from './errors.js';
export { parseRedisUrl } from './redis-address.js';
export type { RedisAddress } from './redis-address.js';
export { redisHealth } from './redis-health.js';
export { requireDurableRedis } from './require-durable-redis.js';
