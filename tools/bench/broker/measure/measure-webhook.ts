import { now } from '../../transport/clock.js';
import { nextPhase, nextTopic, systemMeter, type BenchParts } from '../system/bench-parts.js';
import { deliveryFault } from './ledger-faults.js';
import { measured, startMeter, type Measured } from './measured.js';
import { topicOf } from '../workers/orders.js';
import { cpuOfTree } from '../../process/process-usage.js';

export const WEBHOOK_PER_SECOND = 500;
/** Between telling both ends of a schedule and its first message. */
const LEAD_MS = 50;
/** Nothing new for this long: what is missing is lost. */
const QUIET_MS = 5_000;

/**
 * Publishes 500 messages a second whatever becomes of the others; latency from the moment at which each was meant to be sent to its arrival.
 * One topic and one subscription for the whole run, as it is in production.
 */
export async function measureWebhook(parts: BenchParts, durationMs: number): Promise<Measured> {
  const { system, load, sink } = parts;
  const topic = await subscribed(parts);
  const phase = nextPhase();
  const schedule = { startAt: now() + LEAD_MS, intervalMs: 1_000 / WEBHOOK_PER_SECOND };
  const count = Math.round((durationMs * WEBHOOK_PER_SECOND) / 1_000);
  await sink.call('begin', { phase, schedule });
  const meter = systemMeter(system, load);
  const spent = startMeter(() => ({ ...meter(), receiver: cpuOfTree(sink.pid) }));
  const sent = await load.call('open', { url: system.url, apiKey: system.apiKey, topic, phase, schedule, count });
  const received = await sink.call('collect', { count: sent.sent - sent.failed, quietMs: QUIET_MS });
  const { handled, duplicates, latency, lastAt } = received;
  const fault = sent.failed > 0 ? `${sent.failed} of ${sent.sent} refused` : deliveryFault({ acknowledged: sent.sent, arrived: handled, doubled: duplicates });
  const found = { messages: handled, ms: lastAt - schedule.startAt, latency, fault };
  return measured(found, spent());
}

const topics = new WeakMap<BenchParts, Promise<string>>();

function subscribed(parts: BenchParts): Promise<string> {
  const known = topics.get(parts);
  if (known !== undefined) return known;
  const made = subscribe(parts);
  topics.set(parts, made);
  return made;
}

async function subscribe({ client, sink }: BenchParts): Promise<string> {
  const topic = nextTopic();
  await client.createTopic(topicOf(topic));
  await client.subscribe({ topic, group: 'bench', destination: { type: 'webhook', url: await sink.call('url') } });
  return topic;
}
