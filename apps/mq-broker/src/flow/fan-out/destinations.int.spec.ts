import { RealtimeMessagePublished, SendEmail } from '@angarium/contracts';
import { queuePrefix } from '@angarium/queues';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { Queue } from 'bullmq';
import { makeTopic, numbers, publish, publishMany, startFlowBench, subscribe, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import { BENCH_NAMESPACE, type Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
const queues: Queue[] = [];
beforeAll(async () => {
  bench = await startFlowBench();
  one = await bench.replica();
});
afterAll(async () => {
  await Promise.all(queues.map((it) => it.close()));
  await bench.close();
});
stopAfterTests(); // below, as it stops the servers

function queueOf(name: string): Queue {
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port: bench.servers.redis.port, db: 1 }, prefix: queuePrefix(BENCH_NAMESPACE) });
  queue.on('error', () => undefined);
  queues.push(queue);
  return queue;
}
const jobsOf = (queue: Queue) => queue.getJobs(['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed']);
const toHave = async (queue: Queue, count: number) => {
  await waitFor(async () => (await jobsOf(queue)).length >= count, { what: `${count} jobs in ${queue.name}` });
  return jobsOf(queue);
};
/** Lets everything of a subscription be delivered once more, as after a crash between delivery and acknowledgement. */
const deliverAgain = (id: string) =>
  bench.sql.execute(
    `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id)
     SELECT s.id, r.topic_id, r.partition_id, r.offset_value, r.published_at, r.message_id, s.tenant_id
     FROM broker.message_subscriptions s JOIN broker.message_records r ON r.topic_id = s.topic_id WHERE s.id = $1`,
    [id],
  );
const deliveries = (id: string) => bench.sql.query<{ status: string; error: string | null }>('SELECT status, last_error AS error FROM broker.deliveries WHERE subscription_id = $1', [id]);
const toSettle = (id: string, status: string, count: number) =>
  waitFor(async () => (await deliveries(id)).filter((it) => it.status === status).length === count, { what: `${count} deliveries to be ${status}` });

describe('a queue as destination', () => {
  it('gets every message as one job with all that the message says, and none twice when it is delivered again', async () => {
    const topic = await makeTopic(one);
    const { id, destination } = await subscribe(one, topic, { destination: { type: 'queue', queue: 'orders', jobName: 'order' } });
    const queue = queueOf((destination as { queue: string }).queue);
    const first = await publish(one, topic, { n: 0 }, { key: 'k', headers: { a: 'b' }, type: 'order.made', correlationId: 'c', messageId: 'm-0' });
    await publishMany(one, topic, 1, 9);
    const jobs = await toHave(queue, 10);
    expect(new Set(jobs.map(({ name }) => name))).toEqual(new Set(['order']));
    const data = { messageId: 'm-0', topic: topic.name, type: 'order.made', key: 'k', headers: { a: 'b' }, correlationId: 'c', publishedAt: first.publishedAt, payload: { n: 0 } };
    expect(jobs.map((it) => it.data as { messageId: string }).find(({ messageId }) => messageId === 'm-0')).toEqual(data);
    await deliverAgain(id);
    await toSettle(id, 'delivered', 10);
    expect(await jobsOf(queue)).toHaveLength(10);
  });

  it('makes another job of what was redriven', async () => {
    const topic = await makeTopic(one);
    const { id, destination } = await subscribe(one, topic, { destination: { type: 'queue', queue: 'again' } });
    const queue = queueOf((destination as { queue: string }).queue);
    await publish(one, topic, { n: 1 });
    await toHave(queue, 1);
    await deliverAgain(id);
    await bench.sql.execute('UPDATE broker.deliveries SET redrives = 1 WHERE subscription_id = $1', [id]);
    await bench.sql.execute(`UPDATE broker.deliveries SET status = 'waiting' WHERE subscription_id = $1`, [id]);
    await toHave(queue, 2);
  });

  it('of the system checks the payload against the contract of the job: what does not fit is a dead letter at once', async () => {
    const topic = await makeTopic(one, {}, bench.system);
    const { id } = await subscribe(one, topic, { destination: { type: 'queue', queue: SendEmail.queue, jobName: SendEmail.name } }, bench.system);
    const queue = queueOf(SendEmail.queue);
    await publish(one, topic, { to: 'nobody' }, {}, bench.system);
    await toSettle(id, 'dead', 1);
    expect((await deliveries(id))[0]!.error).toMatch(/CONTRACT_BROKEN|contract/i);
    expect(await jobsOf(queue)).toEqual([]);
  });
});

describe('a room as destination', () => {
  it('gets every message as one event that the realtime gateway hears, none twice when it is delivered again', async () => {
    const topic = await makeTopic(one);
    const { id } = await subscribe(one, topic, { destination: { type: 'realtime', room: 'lobby', event: 'order' } });
    await publishMany(one, topic, 1, 5, (n) => ({ messageId: `room-${n}`, type: 'order.made' }));
    const events = async () => {
      const entries = await bench.redis.xrange(`bench:events:{${RealtimeMessagePublished.name}}`, '-', '+');
      return entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('data') + 1]!) as { messageId: string });
    };
    await waitFor(async () => (await events()).length === 5, { what: 'the events' });
    expect((await events()).map(({ messageId }) => messageId).sort()).toEqual(numbers(1, 5).map((n) => `room-${n}`));
    expect((await events()).find(({ messageId }) => messageId === 'room-3')).toMatchObject({ room: 'lobby', event: 'order', topic: topic.name, type: 'order.made', payload: { n: 3 } });
    await deliverAgain(id);
    await toSettle(id, 'delivered', 5);
    expect(await events()).toHaveLength(5);
  });
});
