import fc from 'fast-check';
import { choosePartition, murmur2 } from './choose-partition.js';

const partitionCount = fc.integer({ min: 1, max: 1_024 });
const key = fc.string({ unit: 'binary' });
const spread = fc.integer({ min: 0 });

describe('the partition of a message', () => {
  it('is the one that the producer named', () => {
    expect(choosePartition({ key: 'a', partition: 0, partitionCount: 8, spread: 5 })).toBe(0);
    expect(choosePartition({ key: null, partition: 7, partitionCount: 8, spread: 5 })).toBe(7);
  });

  it("is else the one that Kafka's own client chooses for the key", () => {
    const bytes = ['', 'a', 'ab', 'abc', '21', 'foobar', 'a-little-bit-long-string', 'a-little-bit-longer-string', 'lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8'];
    const hashes = [275646681, -1563381124, 316155434, 479470107, -973932308, -790332482, -985981536, -1486304829, -58897971];
    expect(bytes.map((text) => murmur2(Buffer.from(text)))).toEqual(hashes);
    const chosen = bytes.map((text) => choosePartition({ key: text, partitionCount: 12, spread: 0 }));
    expect(chosen).toEqual(hashes.map((hash) => (hash < 0 ? hash + 2 ** 31 : hash) % 12));
  });

  it('is the same for the same key, whoever asks and when', () => {
    fc.assert(
      fc.property(key, partitionCount, spread, spread, (text, count, before, after) => {
        const first = choosePartition({ key: text, partition: undefined, partitionCount: count, spread: before });
        expect(choosePartition({ key: `${text}`, partition: null, partitionCount: count, spread: after })).toBe(first);
      }),
    );
  });

  it('exists, whatever the key and the count', () => {
    fc.assert(
      fc.property(fc.option(key), partitionCount, fc.maxSafeInteger(), (text, count, turn) => {
        const chosen = choosePartition({ key: text, partitionCount: count, spread: turn });
        expect(Number.isInteger(chosen) && chosen >= 0 && chosen < count).toBe(true);
      }),
    );
  });

  it('takes every partition in turn without a key', () => {
    fc.assert(
      fc.property(partitionCount, fc.nat(), (count, first) => {
        const chosen = Array.from({ length: count }, (_, index) => choosePartition({ key: null, partitionCount: count, spread: first + index }));
        expect(new Set(chosen).size).toBe(count);
      }),
    );
  });

  it('is spread evenly over many keys', () => {
    const counts = new Array<number>(8).fill(0);
    for (let index = 0; index < 8_000; index += 1) counts[choosePartition({ key: `customer-${index}`, partitionCount: 8, spread: 0 })]! += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
