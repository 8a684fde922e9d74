import { judgeGoals } from './judge-goals.js';
import type { Measured } from './measure.js';
import type { Result } from './run-transport.js';

const measured = (perSecond: number, p95: number, fault?: string): Measured => ({
  ...{ fault, messages: 1, perSecond, cpu: { producerUs: 1, consumerUs: 1, redisUs: 1 }, latency: { p50: 1, p95, p99: p95, max: p95 } },
});
const result = (contender: string, kind: 'emit' | 'request', rates: Measured[]): Result => ({ contender, kind, throughput: rates, latency: rates });
const emits = (ours: Measured[]) => [
  result('angarium', 'emit', ours),
  result('nest-redis', 'emit', [measured(30, 1)]),
  result('raw-streams', 'emit', [measured(60, 1)]),
  result('bullmq', 'emit', [measured(10, 1)]),
];

describe('the goals of the transport', () => {
  it('are met at the limit, for rates, and below it, for times', () => {
    const [nest, raw, bullmq, p95] = judgeGoals(emits([measured(30, 4.9)]));
    expect([nest?.isMet, raw?.isMet, bullmq?.isMet, p95?.isMet]).toEqual([true, true, true, true]);
    expect(raw?.found).toBe('0.50 ×');
    expect(judgeGoals(emits([measured(29, 5)])).map(({ isMet }) => isMet)).toEqual([false, false, false, false, undefined, undefined]);
  });

  it('are judged without the rounds that are void', () => {
    const [nest] = judgeGoals(emits([measured(30, 1), measured(1_000, 1, '1 of 2 lost'), measured(1_000, 1, '1 of 2 lost')]));
    expect(nest?.found).toBe('1.00 ×');
  });
});
