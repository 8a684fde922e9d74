import { MessageBook } from '../load/message-book.js';
import { subscriptionPlans } from '../load/subscriptions.js';
import { judgeRun, type Findings } from './judge-run.js';

const planOf = (name: string) => subscriptionPlans.filter((it) => it.name === name);

/** Four acknowledged messages of one key, at offsets 1 to 4, and one without an answer. */
function findings(name: string, arrived: readonly number[], more: Partial<Findings> = {}): Findings {
  const book = new MessageBook();
  const [plan] = planOf(name);
  for (let nth = 1; nth <= 5; nth++) {
    const sent = book.begin(plan!.topic, { isKeyed: true });
    if (nth <= 4) book.acknowledge(Object.assign(sent, { key: 'k' }), 1_000 * nth, nth);
  }
  return {
    ...{ book, plans: planOf(name), arrived: () => arrived, dead: new Map(), recordedAtMs: new Map(), redisLosses: [], fsync: 'always' },
    ...{ early: [], storedTwice: [], brokenNumbering: [], recoveries: [], said: [], ...more },
  };
}
const breachesOf = (it: Findings) => judgeRun(it).breaches.map(({ what, ns }) => [what, ...ns]);

describe('a run', () => {
  it('that delivered everything acknowledged breaks nothing, whatever came twice or without an answer', () => {
    expect(judgeRun(findings('plain', [1, 2, 2, 4, 3, 5]))).toMatchObject({ breaches: [], results: [{ lost: 0, duplicated: 1, unexpected: 0, attempted: 5, acknowledged: 4 }] });
  });

  it('is broken by an acknowledged message that never came', () => {
    expect(breachesOf(findings('plain', [1, 2, 4]))).toEqual([['plain: acknowledged messages were lost (1)', 3]]);
  });

  it('is broken by what nobody published, and by what the filter does not match', () => {
    expect(breachesOf(findings('plain', [1, 2, 3, 4, 99]))).toEqual([['plain: what nobody published, or not for it, was delivered (1)', 99]]);
    expect(breachesOf(findings('filtered', [3, 4]))).toEqual([['filtered: what nobody published, or not for it, was delivered (1)', 4]]);
  });

  it('is broken by wrong order per key only where order is promised', () => {
    expect(breachesOf(findings('ordered', [1, 3, 2, 4]))).toEqual([['ordered: a message came after a later one of its key (1)', 2]]);
    expect(breachesOf(findings('plain', [1, 3, 2, 4]))).toEqual([]);
  });

  it('is broken by a delivery with two ends, and by a dead one that its receiver takes', () => {
    const dead = new Map([['plain', new Set([2])]]);
    expect(breachesOf(findings('plain', [1, 2, 3, 4], { dead }))).toEqual([
      ['plain: a message is dead and was delivered (1)', 2],
      ['plain: a message is dead that its receiver takes (1)', 2],
    ]);
  });

  it('may lose on a topic with durability stream what Redis lost and nobody had recorded, which is counted apart', () => {
    const redisLosses = [{ kind: 'flushed', fromMs: 2_400, untilMs: 2_500 }] as const;
    const flushed = findings('stream-plain', [3, 4], { redisLosses });
    expect(judgeRun(flushed)).toMatchObject({ breaches: [], results: [{ lost: 0, forgone: 2 }] });
    expect(breachesOf(findings('stream-plain', [4], { redisLosses }))).toEqual([['stream-plain: acknowledged messages were lost (1)', 3]]);
    const recordedAtMs = new Map([[1, 2_450], [2, 2_390]]);
    expect(breachesOf(findings('stream-plain', [3, 4], { redisLosses, recordedAtMs }))).toEqual([['stream-plain: acknowledged messages were lost (1)', 2]]);
  });

  it('may lose nothing by a kill of a Redis that syncs each write', () => {
    const redisLosses = [{ kind: 'killed', fromMs: 8_900, untilMs: 9_000 }] as const;
    expect(breachesOf(findings('stream-plain', [1, 2, 3], { redisLosses }))).toHaveLength(1);
    expect(breachesOf(findings('stream-plain', [1, 2, 3], { redisLosses, fsync: 'everysec' }))).toEqual([]);
  });

  it('is broken by what was early, stored twice, numbered wrongly, not recovered, or said', () => {
    const more: Partial<Findings> = { early: [1], storedTwice: [2], brokenNumbering: ['partition 0: …'], said: ['a late call'], recoveries: [{ what: 'redis', ms: 30_001 }] };
    expect(breachesOf(findings('plain', [1, 2, 3, 4], more))).toEqual([
      ['a delayed message came before its time (1)', 1],
      ['a message was stored twice under one id (1)', 2],
      ['partition 0: …'],
      ['a late call'],
      ['no delivery within 30 s after the cure: redis'],
    ]);
  });
});
