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
});
