import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createTestDatabase, startPostgres, stopAfterTests } from '@angarium/testing';
import { DeliveryRepository, type Claim } from './delivery.repository.js';
import { uuidV7 } from './uuid-v7.js';

let replicas: Database<'email'>[];

beforeAll(async () => {
  const { url } = await createTestDatabase(await startPostgres());
  replicas = [1, 2].map(() => createDatabase('email', { url, logger: silentLogger }));
});
afterAll(() => Promise.all(replicas.map((it) => it.$disconnect())));
stopAfterTests();

const claimOf = (idempotencyKey: string, changes: Partial<Claim> = {}): Claim => ({ tenant: 'system', idempotencyKey, attempt: 1, domain: 'angarium.test', addressKeys: [], ...changes });

describe('the ledger', () => {
  it('has one row for a mail, though two replicas claim many mails at once in opposite order', async () => {
    const keys = Array.from({ length: 50 }, () => uuidV7());
    const [one, two] = await Promise.all(
      replicas.map((db, index) => new DeliveryRepository(db).claim((index === 0 ? keys : [...keys].reverse()).map((key) => claimOf(key)))),
    );
    expect(two?.map(({ id }) => id).reverse()).toEqual(one?.map(({ id }) => id));
    expect(one?.every(({ id, messageId }) => messageId === `<${id}@angarium.test>`)).toBe(true);
    expect(await replicas[0]!.emailDelivery.count({ where: { idempotencyKey: { in: keys } } })).toBe(50);
  });

  it('keeps the Message-ID over attempts and counts them', async () => {
    const deliveries = new DeliveryRepository(replicas[0]!);
    const [first] = await deliveries.claim([claimOf('again')]);
    const [third] = await deliveries.claim([claimOf('again', { attempt: 3, domain: 'other.test' })]);
    expect(third?.messageId).toBe(first?.messageId);
    expect(await replicas[0]!.emailDelivery.findUnique({ where: { id: first!.id } })).toMatchObject({ attempts: 3, status: 'claimed' });
  });

  it('says of each mail which of its recipients are on the suppression list, of its tenant and its category', async () => {
    const db = replicas[0]!;
    const entries = [
      { tenant: 'a', addressKey: 'gone@example.com', category: '' },
      { tenant: 'a', addressKey: 'ada@example.com', category: 'news' },
      { tenant: 'a', addressKey: 'back@example.com', category: '', expiresAt: new Date(Date.now() - 60_000) },
    ];
    await db.emailSuppression.createMany({ data: entries.map((entry) => ({ id: uuidV7(), reason: 'manual', ...entry })) });
    const addressKeys = ['gone@example.com', 'ada@example.com', 'back@example.com', 'bob@example.com'];
    const rows = await new DeliveryRepository(db).claim([
      claimOf('listed', { tenant: 'a', addressKeys }),
      claimOf('listed news', { tenant: 'a', category: 'news', addressKeys }),
      claimOf('listed', { tenant: 'b', category: 'news', addressKeys }),
    ]);
    expect(rows.map(({ suppressed }) => [...suppressed].sort())).toEqual([['gone@example.com'], ['ada@example.com', 'gone@example.com'], []]);
  });

  it('knows the mails of two tenants apart, whatever their keys', async () => {
    const deliveries = new DeliveryRepository(replicas[0]!);
    const rows = await deliveries.claim([claimOf('same', { tenant: 'a' }), claimOf('same', { tenant: 'b' })]);
    expect(rows[0]?.id).not.toBe(rows[1]?.id);
  });
});
