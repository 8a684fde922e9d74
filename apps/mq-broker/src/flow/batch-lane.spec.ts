import { waitFor } from '@angarium/testing';
import fc from 'fast-check';
import { BatchLane } from './batch-lane.js';

describe('a batch lane', () => {
  it('whose batch fails tells everybody in it, and goes on with the next', async () => {
    const batches: number[][] = [];
    const lane = new BatchLane<number, number>({
      maxCount: 3,
      run: (items) => {
        batches.push([...items]);
        return items.includes(2) ? Promise.reject(new Error('two')) : Promise.resolve(items.map((it) => it * 10));
      },
    });
    const outcomes = await Promise.allSettled([lane.add([1]), lane.add([2]), lane.add([3, 4]), lane.add([5])]);
    expect(batches).toEqual([[1, 2], [3, 4, 5]]);
    expect(outcomes.map((it) => (it.status === 'fulfilled' ? it.value : (it.reason as Error).message))).toEqual(['two', 'two', [30, 40], [50]]);
  });

  it('that may blame one lets the others go each for itself', async () => {
    const lane = new BatchLane<number, number>({
      maxCount: 10,
      mayBlameOne: () => true,
      run: (items) => (items.includes(2) ? Promise.reject(new Error('two')) : Promise.resolve([...items])),
    });
    const outcomes = await Promise.allSettled([lane.add([1]), lane.add([2]), lane.add([3])]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('tells how much waits, and when nothing does', async () => {
    let letGo: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    const lane = new BatchLane<number, number>({ maxCount: 2, run: async (items) => gate.then(() => [...items]) });
    const first = lane.add([1, 2]);
    const second = lane.add([3, 4, 5]);
    expect(lane.backlog).toBe(5);
    letGo();
    await lane.idle();
    expect([await first, await second, lane.backlog]).toEqual([[1, 2], [3, 4, 5], 0]);
  });

  it('begins a second batch beside the first when enough waits, never a third, and leaves nothing behind', async () => {
    const gates: (() => void)[] = [];
    const batches: number[][] = [];
    const run = (items: readonly number[]) => {
      batches.push([...items]);
      return new Promise<number[]>((resolve) => gates.push(() => resolve([...items])));
    };
    const lane = new BatchLane<number, number>({ maxCount: 4, overlapFrom: 3, run });
    const results = [lane.add([1])];
    await waitFor(() => batches.length === 1, { what: 'batch 1' });
    results.push(lane.add([2, 3]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toEqual([[1]]);
    results.push(lane.add([4]));
    await waitFor(() => batches.length === 2, { what: 'batch 2' });
    results.push(lane.add([5, 6, 7, 8]), lane.add([9]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(batches).toEqual([[1], [2, 3, 4]]);
    // whichever ends first, what waits is done; at the end too little for two waits for the one that still runs
    gates[0]?.();
    await waitFor(() => batches.length === 3, { what: 'batch 3' });
    gates[1]?.();
    await results[2];
    gates[2]?.();
    await waitFor(() => batches.length === 4, { what: 'batch 4' });
    gates[3]?.();
    await lane.idle();
    expect(batches).toEqual([[1], [2, 3, 4], [5, 6, 7, 8], [9]]);
    expect((await Promise.all(results)).flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('does everything once and comes to rest, whatever comes when', async () => {
    const step = fc.record({ add: fc.integer({ min: 1, max: 6 }), turns: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 10 }), async (steps, pauses) => {
        let most = 0;
        let open = 0;
        let nth = 0;
        const run = async (items: readonly number[]) => {
          most = Math.max(most, ++open);
          for (let turn = pauses[nth++ % pauses.length] ?? 0; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
          open--;
          return items.map((it) => -it);
        };
        const lane = new BatchLane<number, number>({ maxCount: 5, overlapFrom: 3, run });
        const sent: number[] = [];
        const answers: Promise<number[]>[] = [];
        for (const { add, turns } of steps) {
          const items = Array.from({ length: add }, (_, at) => sent.length + at + 1);
          sent.push(...items);
          answers.push(lane.add(items));
          for (let turn = turns; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await Promise.all(answers)).flat()).toEqual(sent.map((it) => -it));
        await lane.idle();
        expect(lane.backlog).toBe(0);
        expect(most).toBeLessThanOrEqual(2);
      }),
    );
  });
});
