import { watchForeignLoad } from '../report/machine.js';
import type { BenchParts } from './bench-parts.js';
import { measureBacklog, type BacklogRun } from './measure-backlog.js';
import { measurePeer } from './measure-peer.js';
import { hundred, measureNull, measurePublish, one } from './measure-publish.js';
import { measurePull } from './measure-pull.js';
import { measureWebhook } from './measure-webhook.js';
import type { Measured } from './measured.js';
import { measurementInWords } from './measurement-in-words.js';
import { MemoryWatch } from './memory-watch.js';
import { cpuOfTree } from './process-usage.js';
import { startParts } from './start-parts.js';
import type { WorkloadName } from './workloads.js';

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
    const [usedBefore, foreignShare] = [usedCpuUs(parts), watchForeignLoad()];
    for (let round = 0; round <= plan.rounds; round++) {
      const isWarmUp = round === 0;
      for (const { workload, measure, rounds } of results) {
        memory.enter(workload);
        const found = await measure(parts, isWarmUp ? plan.warmUpMs : plan.durationMs);
        say(`${isWarmUp ? 'warm-up' : `round ${round}/${plan.rounds}`}  ${workload.padEnd(10)}  ${measurementInWords(found)}`);
        if (!isWarmUp) rounds.push(found);
      }
    }
    memory.enter('backlog');
    const tell = (name: string, found: Measured) => say(`backlog  ${name.padEnd(10)}  ${measurementInWords(found)}`);
    const backlog = plan.workloads.includes('backlog') ? await measureBacklog(parts, { ...plan, count: plan.backlogCount }, tell) : undefined;
    return { results, backlog, memory: memory.stop(), versions: parts.system.versions, foreignShare: foreignShare(usedCpuUs(parts) - usedBefore) };
  } finally {
    memory.stop();
    await parts.stop();
  }
}

/** CPU time of all our processes so far. */
function usedCpuUs({ system, load, nullServer, sink, puller, peers }: BenchParts): number {
  const { broker, postgres, redisServer } = system;
  const { user, system: kernel } = process.cpuUsage();
  return [broker, postgres, redisServer, load, nullServer, sink, puller, ...peers.values()].reduce((sum, { pid }) => sum + cpuOfTree(pid), user + kernel);
}
