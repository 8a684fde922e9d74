import fc from 'fast-check';
import { readReceipt, writeReceipt, type Receipt } from './receipt.js';

const given = {
  partition: fc.integer({ min: 0, max: 63 }),
  offset: fc.integer({ min: 1, max: 1e11 }),
  takenAtMs: fc.integer({ min: 1.6e12, max: 4e12 }),
  publishedAtMs: fc.integer({ min: 1.6e12, max: 4e12 }),
  messageId: fc.stringMatching(/^[\x21-\x7e]{1,200}$/),
};
const receipt: fc.Arbitrary<Receipt> = fc.oneof(
  fc.record({ kind: fc.constant('stream' as const), epoch: fc.stringMatching(/^[0-9a-f]{1,16}$/), ...given }),
  fc.record({ kind: fc.constant('ledger' as const), id: fc.uuid(), token: fc.uuid(), attempt: fc.integer({ min: 1, max: 9_999 }), redrives: fc.nat({ max: 999 }), ...given }),
);

describe('a receipt', () => {
  it('says when it is read what was written, and is short enough for the API even under the longest message id', () => {
    fc.assert(
      fc.property(receipt, (it) => {
        const text = writeReceipt(it);
        expect(readReceipt(text)).toEqual(it);
        expect(text.length).toBeLessThanOrEqual(300);
      }),
    );
  });

  it('that was not written by the broker is refused by code', () => {
    for (const text of ['', 's', 's.0.1', 'l.a.b.0.1.1.0.a.b.m', 's.0.1.zz.a.b.m', 's.0.1.ff.a.b.', 's.0.1.ff.a.b.ü']) {
      expect(() => readReceipt(text)).toThrow(expect.objectContaining({ code: 'MQ_RECEIPT_INVALID' }) as Error);
    }
  });
});
