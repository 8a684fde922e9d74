import { judgeBroker } from './judge-broker.js';
import type { Measured } from './measure/measured.js';
import type { BrokerRun, Result } from './run-broker.js';

const round = (perSecond: number, ms: number, fault?: string): Measured => ({
  ...{ fault, perSecond, messages: 1, cpu: {}, clientBusy: 0.1, latency: { p50: ms, p95: ms, p99: ms, max: ms } },
});
const run = (more: Partial<BrokerRun>): BrokerRun => ({ results: [], backlog: undefined, memory: new Map([['publish', 255e6]]), versions: '', foreignShare: 0, ...more });
const result = (workload: Result['workload'], ...rounds: Measured[]): Result => ({ workload, rounds });
const backlog = (emptyMs: number, fullMs: number, drainedPerSecond: number) => ({
  ...{ count: 1, empty: [round(1, emptyMs)], full: [round(1, fullMs)], drained: round(drainedPerSecond, 1), redisBytesPerMessage: 1 },
});
const verdicts = (it: BrokerRun) => judgeBroker(it).map(({ isMet }) => isMet);

describe('the goals of the broker', () => {
  it('are met at the limit, for rates and the backlog, and below it, for times and memory', () => {
    const results = [result('publish', round(10_000, 24.9)), result('batch', round(40_000, 1)), result('webhook', round(500, 49.9)), result('pull', round(20_000, 1))];
    expect(verdicts(run({ results, backlog: backlog(10, 12, 20_000) }))).toEqual(Array(8).fill(true));
  });

  it('are not met a little beside it', () => {
    const results = [result('publish', round(9_999, 25)), result('batch', round(39_999, 1)), result('webhook', round(500, 50)), result('pull', round(19_999, 1))];
    expect(verdicts(run({ results, backlog: backlog(10, 12.1, 19_999), memory: new Map([['publish', 1], ['batch', 256e6]]) }))).toEqual(Array(8).fill(false));
  });

  it('leave out what was not measured, and rounds that are void', () => {
    expect(judgeBroker(run({ memory: new Map() }))).toEqual([]);
    const [publish] = judgeBroker(run({ results: [result('publish', round(5_000, 1), round(90_000, 1, '1 of 2 lost'))] }));
    expect(publish).toEqual({ goal: 'publish one by one at least 10 000/s', found: '5 000/s', isMet: false });
  });

  it('stand beside the others, without a verdict', () => {
    const results = [result('publish', round(12_000, 1)), result('null', round(40_000, 1)), result('pg-boss', round(2_000, 1))];
    expect(judgeBroker(run({ results })).filter(({ isMet }) => isMet === undefined)).toEqual([
      { goal: 'publish one by one, part of the HTTP limit', found: '0.30 ×', isMet: undefined },
      { goal: 'publish one by one beside pg-boss, which has no HTTP', found: '6.00 ×', isMet: undefined },
    ]);
  });
});
