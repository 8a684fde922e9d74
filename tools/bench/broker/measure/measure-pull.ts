import { drained, nextPhase, nextTopic, systemMeter, type BenchParts } from '../system/bench-parts.js';
import { deliveryFault } from './ledger-faults.js';
import { measured, startMeter, type Measured } from './measured.js';
import { topicOf } from '../workers/orders.js';

export const PULL_BATCH = 500;
const MAX_IN_FLIGHT = 10_000;
/** What is filled in for each second of the plan: the goal's rate, so that a measurement that reaches it takes about as long as planned. */
const FILL_PER_SECOND = 20_000;

export interface PullTopic {
  readonly name: string;
  readonly subscriptionId: string;
  readonly topicId: string;
}

/** A topic with one pull subscription. */
export async function makePullTopic({ client }: BenchParts): Promise<PullTopic> {
  const name = nextTopic();
  const { id: topicId } = await client.createTopic(topicOf(name));
  const { id: subscriptionId } = await client.subscribe({
    ...{ topic: name, group: 'bench', destination: { type: 'pull' }, batchSize: PULL_BATCH, maxInFlight: MAX_IN_FLIGHT },
  });
  return { name, topicId, subscriptionId };
}

/** @throws Error when a batch is refused, or when not all is in the stream after a minute. */
export async function fill({ system, load }: BenchParts, { name, topicId }: PullTopic, count: number): Promise<void> {
  await load.call('fill', { url: system.url, apiKey: system.apiKey, topic: name, phase: nextPhase(), count });
  const committed = await drained(system, topicId);
  if (committed !== count) throw new Error(`${count} messages were acknowledged, ${committed} are committed`);
}

/** One client takes and acknowledges everything that a topic holds. */
export async function drain({ system, puller }: BenchParts, { subscriptionId }: PullTopic, count: number): Promise<Measured> {
  const { url, apiKey } = system;
  const spent = startMeter(systemMeter(system, puller));
  const { taken, doubled, unexpected, refused, firstAt, lastAt } = await puller.call('pull', { url, apiKey, subscriptionId, count, batchSize: PULL_BATCH });
  const fault = deliveryFault({ acknowledged: count, arrived: taken, doubled, unexpected, refused });
  return measured({ messages: taken, ms: lastAt - firstAt, latency: undefined, fault }, spent());
}

/** Fills a topic, which is not part of the measurement, then drains it. */
export async function measurePull(parts: BenchParts, durationMs: number): Promise<Measured> {
  const topic = await makePullTopic(parts);
  const count = Math.round((FILL_PER_SECOND * durationMs) / 1_000);
  await fill(parts, topic, count);
  const found = await drain(parts, topic, count);
  await parts.client.deleteTopic(topic.name, { force: true });
  return found;
}
