import { jest } from '@jest/globals';
import { TemplateShelf, type ShelfParts } from './template-shelf.js';
import type { StoredTemplate, VersionRow } from './template.repository.js';

const stored = (changes: Partial<StoredTemplate> = {}): StoredTemplate => ({
  ...{ id: 'id', tenant: 'system', key: 'welcome', description: null, currentVersion: 1, latestVersion: 2, revision: 1, updatedAt: new Date(0) },
  ...changes,
});
const row = (version: number): VersionRow => ({ version, defaultLocale: 'en', variables: null, contents: { en: { subject: `v${version}`, text: 'x' } }, shippedDigest: null, createdAt: new Date(0) });

function shelf(changes: Partial<ShelfParts['repository']> = {}) {
  const find = jest.fn<ShelfParts['repository']['find']>(async () => stored());
  const findVersion = jest.fn<ShelfParts['repository']['findVersion']>(async (_id, version) => row(version));
  const repository = { find, findVersion, ...changes };
  return { find, findVersion, shelf: new TemplateShelf({ repository, isStocked: () => Promise.resolve() }) };
}

describe('templates at hand', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
  afterEach(() => jest.useRealTimers());

  it('are asked for once by many mails', async () => {
    const { shelf: it, find, findVersion } = shelf();
    await Promise.all(Array.from({ length: 50 }, () => it.current('acme', 'welcome')));
    expect([find.mock.calls.length, findVersion.mock.calls.length]).toEqual([1, 1]);
  });

  it('are the new version two seconds after another replica saved it, and old versions are read once', async () => {
    const { shelf: it, find, findVersion } = shelf();
    await it.current('acme', 'welcome');
    find.mockResolvedValue(stored({ currentVersion: 2 }));
    expect((await it.current('acme', 'welcome')).version).toBe(1);
    jest.advanceTimersByTime(2_001);
    expect((await it.current('acme', 'welcome')).version).toBe(2);
    find.mockResolvedValue(stored({ currentVersion: 1 }));
    it.forget('welcome');
    expect((await it.current('acme', 'welcome')).version).toBe(1);
    expect(findVersion).toHaveBeenCalledTimes(2);
  });

  it('are asked for again after an outage, and when they were not there', async () => {
    const find = jest.fn<ShelfParts['repository']['find']>().mockRejectedValueOnce(new Error('away')).mockResolvedValueOnce(undefined).mockResolvedValue(stored());
    const { shelf: it } = shelf({ find });
    await expect(it.current('acme', 'welcome')).rejects.toThrow('away');
    await expect(it.current('acme', 'welcome')).rejects.toMatchObject({ code: 'EMAIL_TEMPLATE_UNKNOWN', retry: 'never' });
    await expect(it.current('acme', 'welcome')).resolves.toMatchObject({ version: 1 });
  });

  it('are not asked for before the shipped ones are there', async () => {
    const { find } = shelf();
    const it = new TemplateShelf({ repository: { find, findVersion: async () => row(1) }, isStocked: () => Promise.reject(new Error('not yet')) });
    await expect(it.current('system', 'welcome')).rejects.toThrow('not yet');
    expect(find).not.toHaveBeenCalled();
  });
});
