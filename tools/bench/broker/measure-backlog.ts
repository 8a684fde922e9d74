import { PauseSubscription, ResumeSubscription } from '@angarium/contracts/broker-api';
import { now } from '../transport/clock.js';
import { committedCount, drained, nextPhase, systemMeter, type BenchParts } from './bench-parts.js';
import { withForeignShare } from './foreign-share.js';
import { drain, fill, makePullTopic, type PullTopic } from './measure-pull.js';
import { measured, startMeter, type Measured } from './measured.js';

/** Far below what goes through, so that a wait is the broker's own and not that of a queue in front of it. */
export const BACKLOG_PER_SECOND = 1_000;
const LEAD_MS = 50;

export interface BacklogRun {
  /** Messages that waited before the first round. */
  readonly count: number;
  /** Publishes to a topic whose subscription is paused, too, but has nothing waiting yet. */
  readonly empty: readonly Measured[];
  readonly full: readonly Measured[];
  /** Resumed, and all that waited taken by one client. */
  readonly drained: Measured;
  /** Redis' memory for each message that waits, bytes. */
  readonly redisBytesPerMessage: number;
}

export interface BacklogPlan {
  readonly count: number;
  readonly rounds: number;
  readonly durationMs: number;
}

/** Fills a topic that nobody consumes, then publishes to it and to an empty one in turns, then drains it. */
export async function measureBacklog(parts: BenchParts, plan: BacklogPlan, tell: (name: string, found: Measured) => void): Promise<BacklogRun> {
  const { system, client } = parts;
  const topic = await makePaused(parts);
  const before = await usedMemory(parts);
  await fill(parts, topic, plan.count);
  const redisBytesPerMessage = ((await usedMemory(parts)) - before) / plan.count;
  const [empty, full]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round <= plan.rounds; round++) {
    const fresh = await makePaused(parts);
    // who goes first changes, as the second one may pay for what the first one left behind
    const turns = [
      { name: 'empty', at: fresh, to: empty },
      { name: 'full', at: topic, to: full },
    ];
    for (const { name, at, to } of round % 2 === 0 ? turns : turns.reverse()) {
      const found = await withForeignShare(parts, () => publish(parts, at, plan.durationMs));
      if (round === 0) continue; // warm-up
      to.push(found);
      tell(name, found);
    }
    await client.deleteTopic(fresh.name, { force: true });
  }
  const waiting = await committedCount(system, topic.topicId);
  await client.call(ResumeSubscription, { params: { id: topic.subscriptionId }, body: {} });
  const all = await withForeignShare(parts, () => drain(parts, topic, waiting));
  tell('drain', all);
  await client.deleteTopic(topic.name, { force: true });
  return { count: plan.count, empty, full, drained: all, redisBytesPerMessage };
}

async function makePaused(parts: BenchParts): Promise<PullTopic> {
  const topic = await makePullTopic(parts);
  await parts.client.call(PauseSubscription, { params: { id: topic.subscriptionId } });
  return topic;
}

async function publish({ system, load }: BenchParts, topic: PullTopic, durationMs: number): Promise<Measured> {
  const { url, apiKey } = system;
  const before = await committedCount(system, topic.topicId);
  const schedule = { startAt: now() + LEAD_MS, intervalMs: 1_000 / BACKLOG_PER_SECOND };
  const count = Math.round((durationMs * BACKLOG_PER_SECOND) / 1_000);
  const spent = startMeter(systemMeter(system, load));
  const sent = await load.call('open', { url, apiKey, topic: topic.name, phase: nextPhase(), schedule, count });
  const committed = (await drained(system, topic.topicId)) - before;
  const messages = sent.sent - sent.failed;
  const fault = sent.failed > 0 ? `${sent.failed} of ${count} refused` : committed !== count ? `${count} acknowledged, ${committed} committed` : undefined;
  return measured({ messages, fault, ms: sent.lastAt - sent.firstAt, latency: sent.latency }, spent());
}

async function usedMemory({ system }: BenchParts): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await system.redis.info('memory'))?.[1] ?? Number.NaN);
}
