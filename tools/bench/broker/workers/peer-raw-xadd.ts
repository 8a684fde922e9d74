import { Redis } from 'ioredis';
import { orderOf } from './orders.js';
import { servePeer } from './serve-peer.js';

const STREAM = 'peer:xadd';

/** One XADD a message and nothing around it; commands of one turn of the event loop share a write. */
await servePeer(({ redisUrl }) => {
  const redis = new Redis(redisUrl, { enableAutoPipelining: true });
  return Promise.resolve({
    send: (n) => redis.xadd(STREAM, '*', 'data', JSON.stringify(orderOf(0, n))),
    count: () => redis.xlen(STREAM),
    clear: () => redis.del(STREAM),
    stop: () => redis.quit(),
  });
});
