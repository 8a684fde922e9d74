import { ClaimDelivery } from './claim-delivery.js';
import type { Claim, ClaimedMail } from './delivery.repository.js';

const claimOf = (n: number): Claim => ({ tenant: 'system', idempotencyKey: `key ${n}`, attempt: 1, domain: 'angarium.test', addressKeys: [`${n}@example.com`] });
const rowOf = ({ idempotencyKey, addressKeys }: Claim): ClaimedMail => ({
  ...{ id: idempotencyKey, messageId: '<1@x>', status: 'claimed', attempts: 1, acceptedCount: 0, rejectedCount: 0, lastError: null },
  suppressed: new Set(addressKeys.filter((it) => it.startsWith('2'))),
});

describe('claiming mails', () => {
  it('takes one at once, and those that came meanwhile together, each with its own row', async () => {
    const batches: number[] = [];
    const claims = new ClaimDelivery((all) => {
      batches.push(all.length);
      return Promise.resolve(all.map(rowOf));
    });
    const rows = await Promise.all([1, 2, 3, 4].map((n) => claims.claim(claimOf(n))));
    expect(batches).toEqual([1, 3]);
    expect(rows.map(({ id }) => id)).toEqual(['key 1', 'key 2', 'key 3', 'key 4']);
    expect(rows.map(({ suppressed }) => [...suppressed])).toEqual([[], ['2@example.com'], [], []]);
  });

  it('tells every mail of a batch that it failed, and goes on', async () => {
    let isAway = true;
    const claims = new ClaimDelivery((all) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(all.map(rowOf))));
    const failed = await Promise.allSettled([1, 2, 3].map((n) => claims.claim(claimOf(n))));
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    isAway = false;
    await expect(claims.claim(claimOf(1))).resolves.toMatchObject({ id: 'key 1' });
  });
});
