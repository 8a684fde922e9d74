import { median } from '../report/statistics.js';
import type { Verdict } from '../transport/judge-goals.js';
import { counted, type Measured } from './measure/measured.js';
import type { BrokerRun } from './run-broker.js';
import type { WorkloadName } from './workloads.js';

const MAX_BACKLOG_RATIO = 1.2;
const MAX_MEMORY_BYTES = 256e6;

/** What the broker has to reach and whether it did, then how it stands beside the others; what was not measured is left out. */
export function judgeBroker(run: BrokerRun): Verdict[] {
  const rate = (name: WorkloadName) => medianOf(roundsOf(run, name), ({ perSecond }) => perSecond);
  const time = (name: WorkloadName, part: 'p95' | 'p99') => medianOf(roundsOf(run, name), ({ latency }) => latency?.[part]);
  const atLeast = (goal: string, name: WorkloadName, least: number) => verdict(goal, rate(name), perSecond, (it) => it >= least);
  const below = (goal: string, name: WorkloadName, part: 'p95' | 'p99', most: number) => verdict(goal, time(name, part), milliseconds, (it) => it < most);
  const beside = (what: string, name: WorkloadName, other: WorkloadName) => verdict(what, rate(name) / rate(other), times, undefined);
  const { backlog, memory } = run;
  const p99 = (rounds: readonly Measured[] = []) => medianOf(rounds, ({ latency }) => latency?.p99);
  return [
    atLeast('publish one by one at least 10 000/s', 'publish', 10_000),
    below('publish one by one p99 below 25 ms', 'publish', 'p99', 25),
    atLeast('publish in batches of 100 at least 40 000/s', 'batch', 40_000),
    below('publish to webhook p95 below 50 ms at 500/s', 'webhook', 'p95', 50),
    atLeast('pull and acknowledge at least 20 000/s', 'pull', 20_000),
    verdict('publish p99 with the backlog at most 1.2 × that of an empty topic', p99(backlog?.full) / p99(backlog?.empty), times, (it) => it <= MAX_BACKLOG_RATIO),
    verdict('backlog taken at least at 20 000/s', medianOf(backlog === undefined ? [] : [backlog.drained], (it) => it.perSecond), perSecond, (it) => it >= 20_000),
    verdict('broker below 256 MB throughout', Math.max(...memory.values()), megabytes, (it) => it < MAX_MEMORY_BYTES),
    beside('publish one by one, part of the HTTP limit', 'publish', 'null'),
    beside('publish one by one beside BullMQ, which has no HTTP', 'publish', 'bullmq'),
    beside('publish one by one beside pg-boss, which has no HTTP', 'publish', 'pg-boss'),
    beside('batches beside raw XADD, which has no HTTP', 'batch', 'raw-xadd'),
  ].filter(({ found }) => found !== 'not measured');
}

function verdict(goal: string, value: number, format: (value: number) => string, isGood: ((value: number) => boolean) | undefined): Verdict {
  return Number.isFinite(value) ? { goal, found: format(value), isMet: isGood?.(value) } : { goal, found: 'not measured', isMet: undefined };
}

const roundsOf = ({ results }: BrokerRun, name: WorkloadName) => results.find(({ workload }) => workload === name)?.rounds ?? [];

/** Of the rounds that count; NaN where there is none. */
function medianOf(rounds: readonly Measured[], value: (it: Measured) => number | undefined): number {
  return median(counted(rounds).flatMap((it) => value(it) ?? []));
}

const perSecond = (it: number) => `${Math.round(it).toLocaleString('en').replaceAll(',', ' ')}/s`;
const milliseconds = (it: number) => `${it.toFixed(1)} ms`;
const times = (it: number) => `${it.toFixed(2)} ×`;
const megabytes = (it: number) => `${Math.round(it / 1e6)} MB`;
