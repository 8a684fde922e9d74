import { Queue } from 'bullmq';
import { orderOf } from './orders.js';
import { servePeer } from './serve-peer.js';

/** `queue.add` as documented; jobs wait, nobody works on them. */
await servePeer(async ({ redisUrl }) => {
  const queue = new Queue('peer', { connection: { url: redisUrl }, prefix: 'peer:bullmq' });
  await queue.waitUntilReady();
  return {
    send: (n) => queue.add('order', orderOf(0, n)),
    count: () => queue.getWaitingCount(),
    clear: () => queue.obliterate({ force: true }),
    stop: () => queue.close(),
  };
});
