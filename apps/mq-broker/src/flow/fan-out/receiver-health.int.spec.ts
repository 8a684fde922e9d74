import { silentLogger } from '@angarium/observability';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { CatalogSignals } from '../../catalog/catalog-signals.js';
import { SubscriptionCache } from '../../catalog/subscriptions/subscription-cache.js';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import { makeParts, type Parts } from '../../testing/flow-bench/make-parts.js';
import { numbers } from '../../testing/flow-bench/start-flow-bench.js';
import { BREAKER_FIRST_OPEN_MS, FAILING_FOR_MS, FAILING_SPAN_MS } from '../settle/circuit-breaker.js';
import { ReceiverHealth } from './receiver-health.js';

let parts: Parts;
let clock = 0;
beforeAll(async () => {
  parts = await makeParts();
});
beforeEach(() => (clock = Date.now()));
afterAll(() => parts.close());
stopAfterTests(); // below, as it stops the servers

/** What one replica knows; it hears what changes in Postgres as soon as it is told. */
function replica() {
  const signals = new CatalogSignals();
  const cache = new SubscriptionCache(parts.sql, signals, silentLogger);
  const health = new ReceiverHealth(parts.sql, signals, silentLogger, () => clock);
  cache.onChange((it) => health.heard(it));
  cache.onGone(({ id }) => health.forget(id));
  return { signals, cache, health };
}
const subscribed = async () => parts.subscription(await parts.topic(), [0]);
const row = async (id: string) =>
  (await parts.sql.query<{ state: string; trips: number; failing: Date | null; status: string; reason: string | null }>(
    'SELECT breaker_state AS state, breaker_trips AS trips, failing_since AS failing, status, disabled_reason AS reason FROM broker.message_subscriptions WHERE id = $1',
    [id],
  ))[0]!;
const toBe = (id: string, state: string) => waitFor(async () => (await row(id)).state === state, { what: `the breaker to be ${state}` });
const fail = (health: ReceiverHealth, subscription: Subscription, times: number) => numbers(1, times).forEach(() => health.failed(subscription));

describe('the breaker of a receiver', () => {
  it('opens after ten failures, lets one through when its time is over, and closes when that arrives', async () => {
    const id = await subscribed();
    const { cache, health } = replica();
    const subscription = (await cache.find(id))!;
    fail(health, subscription, 9);
    expect(health.limit(subscription)).toBe(Infinity);
    fail(health, subscription, 1);
    expect(health.limit(subscription)).toBe(0);
    await toBe(id, 'open');
    clock += BREAKER_FIRST_OPEN_MS;
    expect(health.limit(subscription)).toBe(1);
    health.succeeded(subscription);
    expect(health.limit(subscription)).toBe(Infinity);
    await toBe(id, 'closed');
    expect(await row(id)).toMatchObject({ trips: 0, failing: null });
  });

  it('opens for longer when the one that was let through fails, too', async () => {
    const id = await subscribed();
    const { cache, health } = replica();
    const subscription = (await cache.find(id))!;
    fail(health, subscription, 10);
    clock += BREAKER_FIRST_OPEN_MS;
    expect(health.limit(subscription)).toBe(1);
    fail(health, subscription, 1);
    clock += BREAKER_FIRST_OPEN_MS;
    expect(health.limit(subscription)).toBe(0);
    await waitFor(async () => (await row(id)).trips === 2, { what: 'the second trip' });
  });

  it('that one replica opened is open for the others, also for one that starts later, and closed for all when one of them succeeds', async () => {
    const id = await subscribed();
    const [one, other] = [replica(), replica()];
    const subscription = (await one.cache.find(id))!;
    await other.cache.find(id);
    other.health.succeeded(other.cache.get(id)!);
    fail(one.health, subscription, 10);
    await toBe(id, 'open');
    await other.cache.reload(id);
    expect(other.health.limit(other.cache.get(id)!)).toBe(0);
    const late = replica();
    const lateSubscription = (await late.cache.find(id))!;
    expect(late.health.limit(lateSubscription)).toBe(0);
    clock += BREAKER_FIRST_OPEN_MS;
    expect(late.health.limit(lateSubscription)).toBe(1);
    late.health.succeeded(lateSubscription);
    await toBe(id, 'closed');
    await other.cache.reload(id);
    expect(other.health.limit(other.cache.get(id)!)).toBe(Infinity);
  });
});

describe('a receiver that fails for five days', () => {
  it('is disabled with the reason; one failure and then five days of silence are not enough', async () => {
    const [silent, dead] = [await subscribed(), await subscribed()];
    const { cache, health } = replica();
    const [quiet, failing] = [(await cache.find(silent))!, (await cache.find(dead))!];
    health.failed(quiet);
    health.failed(failing);
    clock += FAILING_SPAN_MS;
    health.failed(failing);
    clock += FAILING_FOR_MS;
    health.failed(quiet);
    health.failed(failing);
    await waitFor(async () => (await row(dead)).status === 'disabled', { what: 'it to be disabled' });
    expect((await row(dead)).reason).toBe('every delivery failed for five days');
    expect((await row(silent)).status).toBe('active');
  });

  it('a success in between counts from the beginning', async () => {
    const id = await subscribed();
    const { cache, health } = replica();
    const subscription = (await cache.find(id))!;
    health.failed(subscription);
    clock += FAILING_SPAN_MS;
    health.failed(subscription);
    health.succeeded(subscription);
    clock += FAILING_FOR_MS;
    health.failed(subscription);
    await waitFor(async () => (await row(id)).failing?.getTime() === clock, { what: 'the new beginning' });
    expect((await row(id)).status).toBe('active');
  });

  it('is disabled once, whoever asks for it, and not where somebody stopped it', async () => {
    const id = await subscribed();
    const { cache, health, signals } = replica();
    const subscription = (await cache.find(id))!;
    const told: string[] = [];
    signals.onChange((change) => told.push(change.id));
    await Promise.all([health.disable(subscription, 'x'.repeat(500)), health.disable(subscription, 'again')]);
    expect(told).toEqual([id]);
    await parts.sql.execute(`UPDATE broker.message_subscriptions SET status = 'stopped' WHERE id = $1`, [id]);
    await health.disable(subscription, 'late');
    expect((await row(id)).status).toBe('stopped');
  });
});
