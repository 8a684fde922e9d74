import PgBoss from 'pg-boss';
import { orderOf } from './orders.js';
import { servePeer } from './serve-peer.js';

const QUEUE = 'orders';
/** As many connections as the broker has. */
const POOL_SIZE = 10;

/** `boss.send` as documented, in a schema of its own; without its maintenance, which nobody needs here. */
await servePeer(async ({ databaseUrl }) => {
  const boss = new PgBoss({ connectionString: databaseUrl, schema: 'peer_pgboss', max: POOL_SIZE, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue(QUEUE);
  return {
    send: (n) => boss.send(QUEUE, orderOf(0, n)),
    count: () => boss.getQueueSize(QUEUE),
    clear: () => boss.clearStorage(),
    stop: () => boss.stop({ graceful: false }),
  };
});
