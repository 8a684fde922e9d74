import { waitFor } from '@angarium/testing';
import type { Redis } from 'ioredis';
import type { BenchParts } from './system/bench-parts.js';
import { startForeignWatch, withForeignShare } from './system/foreign-share.js';
import { measureBacklog, type BacklogRun, type BacklogTeller } from './measure/measure-backlog.js';
import { measurePeer } from './measure/measure-peer.js';
import { hundred, measureNull, measurePublish, one } from './measure/measure-publish.js';
import { measurePull } from './measure/measure-pull.js';
import { measureWebhook } from './measure/measure-webhook.js';
import type { Measured } from './measure/measured.js';
import { measurementInWords } from './measure/measurement-in-words.js';
import { MemoryWatch } from '../process/memory-watch.js';
import { startParts } from './system/start-parts.js';
import type { WorkloadName } from './workloads.js';

const REWRITE_MS = 60_000;

export interface BrokerPlan {
  readonly rounds: number;
  readonly warmUpMs: number;
  /** Length of one measurement. */
  readonly durationMs: number;
  readonly backlogCount: number;
  readonly workloads: readonly WorkloadName[];
  readonly profileDir?: string | undefined;
}

export interface Result {
  readonly workload: WorkloadName;
  readonly rounds: readonly Measured[];
}

export interface BrokerRun {
  readonly results: readonly Result[];
  /** Undefined when it was left out. */
  readonly backlog: BacklogRun | undefined;
  /** Largest resident memory of the broker, bytes, by workload. */
  readonly memory: ReadonlyMap<string, number>;
  readonly versions: string;
  /** Part of the machine's CPU time that went to processes that are not ours, 0 to 1. */
  readonly foreignShare: number;
}

type Measure = (parts: BenchParts, durationMs: number) => Promise<Measured>;

const measures: Readonly<Partial<Record<WorkloadName, Measure>>> = {
  publish: (parts, ms) => measurePublish(parts, one, ms),
  batch: (parts, ms) => measurePublish(parts, hundred, ms),
  null: (parts, ms) => measureNull(parts, one, ms),
  'null-batch': (parts, ms) => measureNull(parts, hundred, ms),
  bullmq: (parts, ms) => measurePeer(parts, 'bullmq', ms),
  'pg-boss': (parts, ms) => measurePeer(parts, 'pg-boss', ms),
  'raw-xadd': (parts, ms) => measurePeer(parts, 'raw-xadd', ms),
  webhook: measureWebhook,
  pull: measurePull,
};

/** Measures all workloads in turns, round after round, so that what else the machine does hits all alike. One broker lives through the whole run. */
export async function runBroker(root: string, plan: BrokerPlan, say: (line: string) => void): Promise<BrokerRun> {
  const parts = await startParts(root, plan.workloads, plan.profileDir);
  const memory = MemoryWatch.of(parts.system.broker.pid);
  try {
    const results = plan.workloads.flatMap((workload) => {
      const measure = measures[workload];
      return measure === undefined ? [] : [{ workload, measure, rounds: [] as Measured[] }];
    });
    const foreignShare = startForeignWatch(parts);
    for (let round = 0; round <= plan.rounds; round++) {
      const isWarmUp = round === 0;
      for (const { workload, measure, rounds } of results) {
        memory.enter(workload);
        const found = await withForeignShare(parts, () => measure(parts, isWarmUp ? plan.warmUpMs : plan.durationMs));
        say(`${isWarmUp ? 'warm-up' : `round ${round}/${plan.rounds}`}  ${workload.padEnd(10)}  ${measurementInWords(found)}`);
        if (!isWarmUp) rounds.push(found);
      }
      memory.enter('between rounds');
      await rewriteAppendOnlyFile(parts.system.redis);
    }
    const teller: BacklogTeller = {
      begin: (part) => memory.enter(part),
      found: (name, it) => say(`backlog  ${name.padEnd(10)}  ${measurementInWords(it)}`),
    };
    const backlogPlan = { count: plan.backlogCount, rounds: 2 * plan.rounds, durationMs: plan.durationMs };
    const backlog = plan.workloads.includes('backlog') ? await measureBacklog(parts, backlogPlan, teller) : undefined;
    return { results, backlog, memory: memory.stop(), versions: parts.system.versions, foreignShare: foreignShare() };
  } finally {
    memory.stop();
    await parts.stop();
  }
}

/** Starts the append-only file anew, so that Redis does not do it in the middle of somebody's turn. */
async function rewriteAppendOnlyFile(redis: Redis): Promise<void> {
  await redis.bgrewriteaof();
  const isDone = async () => /aof_rewrite_in_progress:0\r[^]*aof_rewrite_scheduled:0\r/.test(await redis.info('persistence'));
  await waitFor(isDone, { what: 'the append-only file to be rewritten', timeoutMs: REWRITE_MS, everyMs: 10 });
}
