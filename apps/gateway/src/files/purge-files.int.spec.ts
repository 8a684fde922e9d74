import { createDatabase, type Database } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { createSealKey } from '@angarium/secrets';
import { buildApps, createTestDatabase, startPostgres, startRedis, startService, stopAfterTests, waitFor } from '@angarium/testing';
import { PurgeFiles } from './purge-files.js';
import { StoredFileRepository, type StoredFile } from './stored-file.repository.js';

const LIMIT = 1_000;
let database: Database<'accounts'>;
let files: StoredFileRepository;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = (await createTestDatabase(await startPostgres())).url;
  database = createDatabase('accounts', { url: databaseUrl, logger: silentLogger });
  files = new StoredFileRepository(database);
});
afterEach(() => database.storedFile.deleteMany());
afterAll(() => database.$disconnect());
stopAfterTests();

const store = (expiresInMs: number, size = 100): Promise<StoredFile> =>
  files.create({ tenant: 'acme', filename: 'a.txt', contentType: 'text/plain', content: Buffer.alloc(size, 1), expiresInMs }, LIMIT);
const left = async () => (await database.storedFile.findMany({ select: { id: true } })).map(({ id }) => id);

describe('a file that has expired', () => {
  it('is not found any more, before anybody removes it', async () => {
    const [kept, gone] = [await store(60_000), await store(0)];
    expect(await files.find('acme', kept.id)).toMatchObject({ id: kept.id });
    expect(await Promise.all([files.find('acme', gone.id), files.read('acme', gone.id)])).toEqual([null, null]);
    expect(await left()).toHaveLength(2);
  });

  it('counts no more for what its tenant may store', async () => {
    await store(0, LIMIT);
    await expect(store(60_000, LIMIT)).resolves.toMatchObject({ size: LIMIT });
    await expect(store(60_000, 1)).rejects.toMatchObject({ code: 'FILE_QUOTA_REACHED' });
  });

  it('is removed by a purge, which leaves the others; a second purge does nothing', async () => {
    const kept = await store(60_000);
    await Promise.all([store(0), store(0)]);
    const purging = new PurgeFiles(files, silentLogger);
    expect(await purging.purge()).toBe(2);
    expect(await left()).toEqual([kept.id]);
    expect(await purging.purge()).toBe(0);
    expect(await files.read('acme', kept.id)).toMatchObject({ size: 100 });
  });

  it('is removed once when several replicas purge at once', async () => {
    await Promise.all([store(0), store(0), store(0)]);
    const counts = await Promise.all([1, 2, 3].map(() => new PurgeFiles(files, silentLogger).purge()));
    expect(counts.reduce((sum, count) => sum + count)).toBe(3);
    expect(await left()).toEqual([]);
  });

  it('is removed by a gateway that starts', async () => {
    const kept = await store(60_000);
    await store(0);
    const [redis, apps] = await Promise.all([startRedis(), buildApps(['gateway'])]);
    const env = { REDIS_URL: redis.url, DATABASE_URL: databaseUrl, GATEWAY_TOKEN: 'a-token-for-tests-only-00', SEAL_KEYS: createSealKey() };
    const gateway = await startService({ name: 'gateway', main: apps.gateway, env });
    await gateway.ready();
    await waitFor(async () => (await left()).length === 1, { what: 'the expired file to be removed' });
    expect(await left()).toEqual([kept.id]);
    await gateway.stop();
  });
});
