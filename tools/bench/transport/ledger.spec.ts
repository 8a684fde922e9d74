import { now } from './clock.js';
import { Ledger } from './ledger.js';
import { userId } from './numbered-users.js';

describe('the ledger of a receiver', () => {
  it('counts each message once and doubled ones apart', async () => {
    const ledger = new Ledger();
    ledger.begin(3);
    for (const n of [0, 1, 1, 200_000]) ledger.take(userId(3, n));
    expect(await ledger.collect(3, 1_000)).toMatchObject({ handled: 3, duplicates: 1 });
  });

  it('does not count what is left of an earlier phase', async () => {
    const ledger = new Ledger();
    ledger.begin(3);
    ledger.take(userId(3, 0));
    ledger.begin(4);
    ledger.take(userId(3, 1));
    ledger.take(userId(4, 0));
    expect(await ledger.collect(1, 1_000)).toMatchObject({ handled: 1, duplicates: 0 });
  });

  it('gives up waiting for lost messages when nothing new comes', async () => {
    const ledger = new Ledger();
    ledger.begin(1);
    ledger.take(userId(1, 0));
    expect(await ledger.collect(2, 20)).toMatchObject({ handled: 1 });
  });

  it('measures from the moment at which a message was meant to be sent, not from when it was', async () => {
    const ledger = new Ledger();
    ledger.begin(1, { startAt: now() - 500, intervalMs: 100 });
    ledger.take(userId(1, 2));
    const { latency } = await ledger.collect(1, 1_000);
    expect(latency?.p50).toBeGreaterThan(299);
    expect(latency?.p50).toBeLessThan(400);
  });
});
