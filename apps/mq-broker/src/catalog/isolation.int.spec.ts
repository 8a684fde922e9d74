import type { RouteContract } from '@angarium/contracts';
import * as Routes from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { routesOf } from '@angarium/service-shell';
import { stopAfterTests } from '@angarium/testing';
import { deadLetterControllers } from '../flow/settle/dead-letters.module.js';
import { startControlPlane, type ControlPlane } from '../testing/start-control-plane.js';
import { auditControllers } from '../watch/audit/audit.module.js';
import { messageControllers } from '../watch/messages.module.js';
import { catalogControllers } from './catalog.module.js';

let sql: Sql;
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  sql = plane.sql;
});
afterAll(() => plane.close());
stopAfterTests(); // below, as it stops Postgres

const routes: readonly RouteContract[] = [...catalogControllers, ...deadLetterControllers, ...messageControllers, ...auditControllers].flatMap((it) => routesOf(it).map(({ contract }) => contract));
/** Everything that can be asked for by an id, of one tenant. */
let ids: Record<string, string>;
let before: unknown;
const everything = () =>
  sql.query(
    `SELECT (SELECT json_agg(t ORDER BY t.id) FROM broker.message_topics t) AS topics, (SELECT json_agg(s ORDER BY s.id) FROM broker.message_subscriptions s) AS subscriptions,
       (SELECT json_agg(d ORDER BY d.id) FROM broker.deliveries d) AS deliveries, (SELECT json_agg(f ORDER BY f.id) FROM broker.delivery_feeds f) AS feeds,
       (SELECT json_agg(w ORDER BY w.id) FROM broker.webhook_secrets w) AS secrets, (SELECT json_agg(a ORDER BY a.id) FROM broker.audit_entries a) AS audit`,
  );
beforeAll(async () => {
  const topic = (await plane.call(Routes.CreateTopic, { body: { name: 'private' } })).body;
  const destination = { type: 'webhook', url: 'https://hooks.example.com/' };
  const subscription = (await plane.call(Routes.CreateSubscription, { body: { topic: 'private', group: 'g', destination } })).body;
  await plane.publish(topic, { messageId: 'private-message' });
  const [dead] = await sql.query<{ id: string }>(
    `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, status, died_at)
     SELECT $1, topic_id, partition_id, offset_value, published_at, message_id, tenant_id, 'dead', now() FROM broker.message_records WHERE topic_id = $2 RETURNING id`,
    [subscription.id, topic.id],
  );
  ids = { topic: 'private', subscription: subscription.id, message: 'private-message', dead: dead!.id };
  before = await everything();
});

const withIds = routes.filter((it) => it.path.includes('{'));
const paramsOf = ({ path }: RouteContract): Record<string, string> => {
  if (path.includes('{name}')) return { name: ids['topic']! };
  if (path.includes('/messages/')) return { id: ids['message']! };
  return { id: ids['subscription']!, deadId: ids['dead']! };
};
const callOf = (contract: RouteContract) => ({
  params: paramsOf(contract),
  headers: contract.example.headers ?? {},
  ...(contract.body === undefined ? {} : { body: contract.example.body ?? {} }),
});

describe('another tenant', () => {
  it('is tried with every route of topics, subscriptions, dead letters, messages and audit that takes an id', () => {
    const tags = new Set(routes.map((it) => it.tag));
    const declared = Object.values<unknown>(Routes).filter((it): it is RouteContract => typeof it === 'object' && it !== null && 'path' in it && tags.has((it as RouteContract).tag));
    expect(routes.map((it) => it.id).sort()).toEqual(expect.arrayContaining(declared.map((it) => it.id).sort()));
    expect(withIds).toHaveLength(19);
  });

  it.each(withIds.map((contract) => [contract.id, contract] as const))('does not find by %s what is not its own, and changes nothing', async (_, contract) => {
    const answer = await plane.call(contract, { as: plane.globex, ...callOf(contract) });
    expect(answer).toMatchObject({ status: 404, body: { code: expect.stringMatching(/^MQ_\w+_NOT_FOUND$/) as string } });
    expect(await everything()).toEqual(before);
  });

  it('does not find a dead letter by way of a subscription of its own', async () => {
    await plane.call(Routes.CreateTopic, { as: plane.globex, body: { name: 'own' } });
    const { id } = (await plane.call(Routes.CreateSubscription, { as: plane.globex, body: { topic: 'own', group: 'g', destination: { type: 'pull' } } })).body;
    for (const contract of [Routes.GetDeadLetter, Routes.RedriveDeadLetter, Routes.DiscardDeadLetter]) {
      expect((await plane.call(contract, { as: plane.globex, params: { id, deadId: ids['dead']! } })).body.code).toBe('MQ_DEAD_LETTER_NOT_FOUND');
    }
    expect((await plane.call(Routes.ReplaySubscription, { as: plane.globex, params: { id }, body: { messageId: ids['message'] } })).body.code).toBe('MQ_MESSAGE_NOT_FOUND');
    await plane.call(Routes.DeleteTopic, { as: plane.globex, params: { name: 'own' }, query: { force: 'true' } });
  });

  it('sees nothing in the lists', async () => {
    for (const contract of [Routes.ListTopics, Routes.ListSubscriptions]) {
      expect((await plane.call(contract, { as: plane.globex })).body.items).toEqual([]);
      expect((await plane.call(contract)).body.items).toHaveLength(1);
    }
    expect((await plane.call(Routes.ListTopics, { as: plane.globex, query: { public: 'true' } })).body.items).toEqual([]);
  });
});

describe('the owner', () => {
  const last = ['dead-letter.redrive', 'topic.purge', 'subscription.delete', 'topic.delete'];
  // once the dead letter is redriven it cannot be discarded, and PUT would change what the others need
  const usable = withIds.filter((it) => it.id !== 'dead-letter.discard' && it.method !== 'PUT').sort((a, b) => last.indexOf(a.id) - last.indexOf(b.id));

  it('finds by the same calls what the other does not', async () => {
    for (const contract of usable) {
      const { status } = await plane.call(contract, { ...callOf(contract), ...(contract.id.endsWith('-many') ? { body: { isDryRun: true } } : {}) });
      expect([contract.id, status]).toEqual([contract.id, contract.status]);
    }
  });
});
