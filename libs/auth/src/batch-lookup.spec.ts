import { BatchLookup } from './batch-lookup.js';

describe('looking up many at once', () => {
  function lookup() {
    const queries: { keys: readonly string[]; answer: () => void; fail: (error: unknown) => void }[] = [];
    const batches = new BatchLookup<string>(
      (keys) => new Promise((resolve, reject) => queries.push({ keys, answer: () => resolve(new Map(keys.filter((it) => it !== 'nobody').map((it) => [it, it.toUpperCase()]))), fail: reject })),
    );
    return { batches, queries };
  }

  it('runs one query at a time, and what came meanwhile goes into the next', async () => {
    const { batches, queries } = lookup();
    const first = batches.find('a');
    const rest = ['b', 'nobody', 'c'].map((it) => batches.find(it));
    expect(queries.map((it) => it.keys)).toEqual([['a']]);
    queries[0]!.answer();
    expect(await first).toBe('A');
    expect(queries.map((it) => it.keys)).toEqual([['a'], ['b', 'nobody', 'c']]);
    queries[1]!.answer();
    expect(await Promise.all(rest)).toEqual(['B', undefined, 'C']);
  });

  it('puts a thousand that come at once into few queries, none of them huge', async () => {
    const { batches, queries } = lookup();
    const found = Promise.all(Array.from({ length: 1_001 }, (_, i) => batches.find(`k${i}`)));
    let isDone = false;
    void found.then(() => (isDone = true));
    for (let at = 0; !isDone; at++) {
      queries[at]?.answer();
      await new Promise(setImmediate);
    }
    expect(queries.map((it) => it.keys.length)).toEqual([1, 200, 200, 200, 200, 200]);
  });

  it('tells a failure to everybody who waits, and works again afterwards', async () => {
    const { batches, queries } = lookup();
    const outcomes = Promise.allSettled(['a', 'b'].map((it) => batches.find(it)));
    queries[0]!.fail('away');
    expect((await outcomes).map((it) => it.status)).toEqual(['rejected', 'rejected']);
    expect(queries).toHaveLength(1);
    const again = batches.find('c');
    queries[1]!.answer();
    expect(await again).toBe('C');
  });
});
