import { PauseSubscription, ResumeSubscription } from '@angarium/contracts/broker-api';
import { now } from '../../transport/clock.js';
import { committedCount, drained, nextPhase, systemMeter, type BenchParts } from '../system/bench-parts.js';
import { withForeignShare } from '../system/foreign-share.js';
import { drain, fill, makePullTopic, type PullTopic } from './measure-pull.js';
import { storeFault } from './ledger-faults.js';
import { measured, startMeter, type Measured } from './measured.js';

/** Far below what goes through, so that a wait is the broker's own and not that of a queue in front of it. */
export const BACKLOG_PER_SECOND = 1_000;
const LEAD_MS = 50;
/** Sent before the clock runs, so that a new topic does not pay for being looked up, nor for its schema being compiled. */
const PRIMER_COUNT = 100;

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

export interface BacklogTeller {
  /** What comes from here on. */
  begin(part: 'backlog: filling' | 'backlog: publishing' | 'backlog: taking'): void;
  found(name: string, measured: Measured): void;
}

/** Fills a topic that nobody consumes, then publishes to it and to an empty one in turns, then drains it. */
export async function measureBacklog(parts: BenchParts, plan: BacklogPlan, say: BacklogTeller): Promise<BacklogRun> {
  const { system, client } = parts;
  say.begin('backlog: filling');
  // made before anything is measured and kept until the end: changes of the catalogue are not what is asked for
  const others = await Promise.all(Array.from({ length: plan.rounds + 1 }, () => makePaused(parts)));
  const topic = await makePaused(parts);
  const before = await usedMemory(parts);
  await fill(parts, topic, plan.count);
  const redisBytesPerMessage = ((await usedMemory(parts)) - before) / plan.count;
  say.begin('backlog: publishing');
  const [empty, full]: [Measured[], Measured[]] = [[], []];
  for (const [round, other] of others.entries()) {
    // who goes first changes, as the second one may pay for what the first one left behind
    const turns = [
      { name: 'empty', at: other, to: empty },
      { name: 'full', at: topic, to: full },
    ];
    for (const { name, at, to } of round % 2 === 0 ? turns : turns.reverse()) {
      const found = await withForeignShare(parts, () => publish(parts, at, plan.durationMs));
      if (round === 0) continue; // warm-up
      to.push(found);
      say.found(name, found);
    }
  }
  say.begin('backlog: taking');
  const waiting = await committedCount(system, topic.topicId);
  await client.call(ResumeSubscription, { params: { id: topic.subscriptionId }, body: {} });
  const all = await withForeignShare(parts, () => drain(parts, topic, waiting));
  say.found('drain', all);
  for (const { name } of [topic, ...others]) await client.deleteTopic(name, { force: true });
  return { count: plan.count, empty, full, drained: all, redisBytesPerMessage };
}

async function makePaused(parts: BenchParts): Promise<PullTopic> {
  const topic = await makePullTopic(parts);
  await parts.client.call(PauseSubscription, { params: { id: topic.subscriptionId } });
  return topic;
}

async function publish({ system, load }: BenchParts, topic: PullTopic, durationMs: number): Promise<Measured> {
  const { url, apiKey } = system;
  await load.call('fill', { url, apiKey, topic: topic.name, phase: nextPhase(), count: PRIMER_COUNT });
  await drained(system, topic.topicId);
  const before = await committedCount(system, topic.topicId);
  const schedule = { startAt: now() + LEAD_MS, intervalMs: 1_000 / BACKLOG_PER_SECOND };
  const count = Math.round((durationMs * BACKLOG_PER_SECOND) / 1_000);
  const spent = startMeter(systemMeter(system, load));
  const sent = await load.call('open', { url, apiKey, topic: topic.name, phase: nextPhase(), schedule, count });
  const committed = (await drained(system, topic.topicId)) - before;
  const messages = sent.sent - sent.failed;
  const fault = sent.failed > 0 ? `${sent.failed} of ${count} refused` : storeFault(count, committed);
  return measured({ messages, fault, ms: sent.lastAt - sent.firstAt, latency: sent.latency }, spent());
}

async function usedMemory({ system }: BenchParts): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await system.redis.info('memory'))?.[1] ?? Number.NaN);
}
