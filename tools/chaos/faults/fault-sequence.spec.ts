import { describeStep, faultSequence, type Step } from './fault-sequence.js';

function first(count: number, seed: number, replicaCount = 2): Step[] {
  const sequence = faultSequence(seed, replicaCount);
  return Array.from({ length: count }, () => sequence.next().value);
}

describe('the faults of a seed', () => {
  it('are the same ones in the same order each time', () => {
    expect(first(200, 42)).toEqual(first(200, 42));
    // written down: a seed of yesterday must make yesterday's faults
    expect(first(4, 1).map(describeStep)).toEqual([
      'connections to redis are half open (both) for 3.9 s, then reset; replica 0 is killed meanwhile',
      'postgres terminates all connections',
      'redis is stopped for 10.0 s; replica 0 is killed meanwhile',
      'replica 0 is frozen for 6.6 s',
    ]);
  });

  it('are others for another seed', () => {
    expect(first(20, 42)).not.toEqual(first(20, 43));
  });

  it('are of each kind once before any kind comes again', () => {
    for (const seed of [1, 2, 3]) expect(new Set(first(11, seed).map(({ fault }) => fault.kind)).size).toBe(11);
  });

  it('name only replicas that there are', () => {
    const replicas = first(300, 5, 3).flatMap(({ fault, alsoKilled }) => [...('replica' in fault ? [fault.replica] : []), ...(alsoKilled === undefined ? [] : [alsoKilled])]);
    expect(new Set(replicas)).toEqual(new Set([0, 1, 2]));
  });

  it('hold a frozen replica past its leases of 5 s', () => {
    const holds = first(200, 9).flatMap(({ fault }) => (fault.kind === 'freeze-replica' ? [fault.holdMs] : []));
    expect(Math.min(...holds)).toBeGreaterThan(5_000);
  });
});
