import { countDeliveries, outOfOrder } from './delivery-ledger.js';

const numbers = (...all: number[]) => new Set(all);

describe('the counters of deliveries', () => {
  it('call lost what was acknowledged and never came, and nothing else', () => {
    const published = { attempted: numbers(1, 2, 3, 4), acknowledged: numbers(1, 2) };
    expect(countDeliveries(published, [1, 3])).toEqual({ attempted: 4, acknowledged: 2, delivered: 2, lost: 1, duplicated: 0, unexpected: 0 });
  });

  it('count each repeat once, and what nobody published', () => {
    const published = { attempted: numbers(1), acknowledged: numbers(1) };
    expect(countDeliveries(published, [1, 1, 1, 9])).toMatchObject({ delivered: 2, lost: 0, duplicated: 2, unexpected: 1 });
  });
});

describe('order per key', () => {
  const places = new Map([
    [1, { key: 'a', offset: 1 }],
    [2, { key: 'b', offset: 2 }],
    [3, { key: 'a', offset: 3 }],
    [4, { key: 'a', offset: 4 }],
  ]);
  const judge = (...arrived: number[]) => outOfOrder(arrived, (n) => places.get(n));

  it('is broken by a message that comes after a later one of its key', () => {
    expect(judge(3, 1, 2, 4)).toEqual([1]);
    expect(judge(4, 3, 1)).toEqual([3, 1]);
  });

  it('is not broken by other keys, by repeats, or by messages whose place nobody knows', () => {
    expect(judge(1, 3, 2, 1, 3, 99, 4)).toEqual([]);
  });
});
