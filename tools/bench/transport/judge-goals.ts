import { median } from '../report/statistics.js';
import type { Kind } from './measure.js';
import type { Result } from './run-transport.js';

export interface Verdict {
  readonly goal: string;
  readonly found: string;
  /** Undefined: not measured. */
  readonly isMet: boolean | undefined;
}

/** Median of the rounds that count; NaN where there is none. */
export function rateOf(results: readonly Result[], contender: string, kind: Kind): number {
  const result = results.find((it) => it.contender === contender && it.kind === kind);
  return median((result?.throughput ?? []).filter(({ fault }) => fault === undefined).map(({ perSecond }) => perSecond));
}

function p95Of(results: readonly Result[], kind: Kind): number {
  const result = results.find((it) => it.contender === 'angarium' && it.kind === kind);
  return median((result?.latency ?? []).filter(({ fault }) => fault === undefined).flatMap(({ latency }) => latency?.p95 ?? []));
}

/** What the transport has to reach, and whether it did. */
export function judgeGoals(results: readonly Result[]): Verdict[] {
  const atLeast = (goal: string, factor: number, other: string, kind: Kind): Verdict => {
    const ratio = rateOf(results, 'angarium', kind) / rateOf(results, other, kind);
    return Number.isNaN(ratio) ? missing(goal) : { goal, found: `${ratio.toFixed(2)} ×`, isMet: ratio >= factor };
  };
  const below = (goal: string, limitMs: number, kind: Kind): Verdict => {
    const p95 = p95Of(results, kind);
    return Number.isNaN(p95) ? missing(goal) : { goal, found: `${p95.toFixed(2)} ms`, isMet: p95 < limitMs };
  };
  return [
    atLeast("emit to handler at least as fast as NestJS' pub/sub transport", 1, 'nest-redis', 'emit'),
    atLeast('emit to handler at least half of raw streams', 0.5, 'raw-streams', 'emit'),
    atLeast('emit to handler at least 3 × BullMQ', 3, 'bullmq', 'emit'),
    below('emit to handler p95 below 5 ms at 1 000/s', 5, 'emit'),
    atLeast("request to reply at least as fast as NestJS' Redis transport", 1, 'nest-redis', 'request'),
    below('request to reply p95 below 5 ms at 500/s', 5, 'request'),
  ];
}

const missing = (goal: string): Verdict => ({ goal, found: 'not measured', isMet: undefined });
