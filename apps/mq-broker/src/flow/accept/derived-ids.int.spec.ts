import { ListSchedules, PublishBatch, PublishDelayed, PublishMessage, PublishScheduled, PublishToTopic } from '@angarium/contracts/broker-api';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { makeTopic, startFlowBench, type FlowBench } from '../../testing/flow-bench/start-flow-bench.js';
import type { Replica } from '../../testing/flow-bench/start-replica.js';

let bench: FlowBench;
let one: Replica;
let other: Replica;
beforeAll(async () => {
  bench = await startFlowBench();
  [one, other] = await Promise.all([bench.replica(), bench.replica()]);
});
afterAll(() => bench.close());
stopAfterTests(); // below, as it stops the servers

const keyed = () => ({ 'idempotency-key': `key-${randomUUID()}` });
/** As if the replica had died between the commit and the answer. */
const forgetAnswers = () => bench.sql.execute('DELETE FROM broker.idempotency_keys');
const idsIn = async ({ id }: { readonly id: string }) => (await bench.sql.query<{ id: string }>('SELECT message_id AS id FROM broker.message_records WHERE topic_id = $1', [id])).map((row) => row.id);

describe('a call under an Idempotency-Key whose answer was never remembered', () => {
  it.each(['commit', 'stream'])('is recognised by its message when it comes again, at any replica, with the durability %s', async (durability) => {
    const topic = await makeTopic(one, { durability, partitionCount: 4 });
    const [headers, toTopic] = [keyed(), keyed()];
    for (const [nth, replica] of [one, other, one].entries()) {
      const answers = [
        await replica.call(PublishMessage, { headers, body: { topic: topic.name, payload: 1 } }),
        await replica.call(PublishToTopic, { headers: toTopic, params: { name: topic.name }, body: { payload: 1 } }),
      ];
      for (const { status, body } of answers) expect([status, body.deduplicated]).toEqual([201, nth > 0]);
      expect(answers[0]!.body.messageId).not.toBe(answers[1]!.body.messageId);
      await forgetAnswers();
    }
    await waitFor(async () => (await idsIn(topic)).length >= 2, { what: 'the record' });
    expect(await idsIn(topic)).toHaveLength(2);
  });

  it('is recognised message by message where it is a batch; what named its id keeps that', async () => {
    const topic = await makeTopic(one, { partitionCount: 2 });
    const headers = keyed();
    const publish = async (atomic: boolean) => (await one.call(PublishBatch, { headers, body: { topic: topic.name, atomic, messages: [{ payload: 1 }, { payload: 1 }, { payload: 1, messageId: 'mine' }] } })).body.results;
    expect(await publish(true)).toMatchObject([{ deduplicated: false }, { deduplicated: false }, { deduplicated: false, messageId: 'mine' }]);
    await forgetAnswers();
    expect(await publish(true)).toMatchObject([{ deduplicated: true }, { deduplicated: true }, { deduplicated: true }]);
    expect(new Set(await idsIn(topic)).size).toBe(3);
    expect(await idsIn(topic)).toHaveLength(3);
  });

  it('is a new one where it says something else, and for another tenant', async () => {
    const [topic, theirs] = [await makeTopic(one), await makeTopic(one, {}, bench.globex)];
    const headers = keyed();
    const publish = async (payload: number) => {
      const { body } = await one.call(PublishMessage, { headers, body: { topic: topic.name, payload } });
      await forgetAnswers();
      return body.deduplicated;
    };
    expect([await publish(1), await publish(2), await publish(1)]).toEqual([false, false, true]);
    expect((await one.call(PublishMessage, { as: bench.globex, headers, body: { topic: theirs.name, payload: 1 } })).body.deduplicated).toBe(false);
  });

  it('is published twice where the topic knows no ids', async () => {
    const topic = await makeTopic(one, { dedupWindowMs: 0 });
    const headers = keyed();
    for (let nth = 0; nth < 2; nth++) {
      expect((await one.call(PublishMessage, { headers, body: { topic: topic.name, payload: 1 } })).body.deduplicated).toBe(false);
      await forgetAnswers();
    }
  });

  it('and that is for later leaves two schedules, but one message', async () => {
    const topic = await makeTopic(one);
    const [delayed, scheduled] = [keyed(), keyed()];
    for (let nth = 0; nth < 2; nth++) {
      await one.call(PublishDelayed, { headers: delayed, body: { topic: topic.name, payload: 1, delayMs: 1 } });
      await one.call(PublishScheduled, { headers: scheduled, body: { topic: topic.name, payload: 1, at: '2020-01-01T00:00:00Z' } });
      await forgetAnswers();
    }
    await waitFor(async () => (await one.call(ListSchedules, { query: { topic: topic.name, status: 'published' } })).body.items.length === 4, { what: 'the schedules to be published' });
    expect(await idsIn(topic)).toHaveLength(2);
  });
});
