import { OffsetLedger } from './offset-ledger.js';

describe('the ledger of a puller', () => {
  it('counts each expected offset once, and doubled and unexpected ones apart', () => {
    const ledger = new OffsetLedger(3);
    for (const offset of [1, 3, 3, 0, 4]) ledger.take(offset);
    expect(ledger).toMatchObject({ taken: 2, doubled: 1, unexpected: 2 });
  });
});
