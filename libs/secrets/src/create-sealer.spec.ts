import { createSealer, createSealKey } from './index.js';

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};
const plain = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

describe('a sealer', () => {
  const key = createSealKey();
  const id = key.split(':')[0];
  const sealer = createSealer(key);
  const sealed = sealer.seal(plain, 'webhook_secrets/1');

  it.each(['', plain, 'später 🐎', 'x'.repeat(100_000)])('opens what it sealed (%#)', (text) => {
    expect(sealer.open(sealer.seal(text, 'row'), 'row')).toBe(text);
  });

  it('shows nothing of the secret, and the same secret looks different each time', () => {
    expect(sealed).toMatch(new RegExp(`^v1\\.${id}\\.[\\w-]{16}\\.[\\w-]+$`));
    expect(Buffer.from(sealed.split('.')[3]!, 'base64url').includes('whsec_')).toBe(false);
    expect(sealer.seal(plain, 'webhook_secrets/1')).not.toBe(sealed);
  });

  it('refuses a sealed value that was copied into another row', () => {
    expect(thrownBy(() => sealer.open(sealed, 'webhook_secrets/2'))).toMatchObject({ code: 'SECRET_BROKEN', retry: 'never' });
  });

  it('refuses a value of which any character was changed', () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
      // the last character of base64 may hold bits that stand for nothing
      const isSame = Buffer.from(changed.split('.')[3] ?? '', 'base64url').equals(Buffer.from(sealed.split('.')[3]!, 'base64url')) && at >= sealed.lastIndexOf('.');
      if (!isSame) expect(thrownBy(() => sealer.open(changed, 'webhook_secrets/1'))).toMatchObject({ retry: 'never' });
    }
  });

  it.each(['', plain, 'v1', 'v2.a.b.c', 'v1..AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'])('refuses what is no sealed value: %j', (text) => {
    expect(thrownBy(() => sealer.open(text, 'row'))).toMatchObject({ code: 'SECRET_BROKEN' });
  });

  it('refuses a value that was cut, down to a shorter tag', () => {
    for (let length = 0; length < sealed.length; length++) expect(thrownBy(() => sealer.open(sealed.slice(0, length), 'webhook_secrets/1'))).toMatchObject({ retry: 'never' });
  });
});

describe('changing the key', () => {
  const [old, fresh] = [createSealKey(), createSealKey()];
  const sealedByOld = createSealer(old).seal(plain, 'row');

  it('seals with the first key and opens with all', () => {
    const both = createSealer(`${fresh}, ${old}`);
    expect(both.open(sealedByOld, 'row')).toBe(plain);
    expect(both.seal(plain, 'row').split('.')[1]).toBe(fresh.split(':')[0]);
  });

  it('names the key that is missing', () => {
    const error = thrownBy(() => createSealer(fresh).open(sealedByOld, 'row')) as Error;
    expect(error).toMatchObject({ code: 'SECRET_KEY_UNKNOWN', retry: 'never' });
    expect(error.message).toContain(old.split(':')[0]);
  });

  it('does not open with another key under the same id', () => {
    const impostor = `${old.split(':')[0]}:${fresh.split(':')[1]}`;
    expect(thrownBy(() => createSealer(impostor).open(sealedByOld, 'row'))).toMatchObject({ code: 'SECRET_BROKEN' });
  });
});

describe('keys that cannot be used', () => {
  const key = createSealKey();
  const [id, bytes] = key.split(':');

  it.each([
    ['nothing', ''],
    ['no id', bytes!],
    ['an id with a dot', `a.b:${bytes}`],
    ['a key of 16 bytes', `a:${Buffer.alloc(16).toString('base64')}`],
    ['a key that is no base64', `a:${'!'.repeat(44)}`],
    ['an id twice', `${key},${id}:${createSealKey().split(':')[1]}`],
    ['an empty one behind a comma', `${key},`],
  ])('are refused when the sealer is made, and not shown: %s', (_what, keys) => {
    const error = thrownBy(() => createSealer(keys)) as Error;
    expect(error).toMatchObject({ code: 'SECRET_KEYS_INVALID', retry: 'never' });
    expect(error.message).not.toContain(bytes);
  });

  it('do not come from createSealKey, whose keys are each new', () => {
    expect(key).toMatch(/^k[0-9a-f]{8}:[A-Za-z0-9+/]{43}=$/);
    expect(createSealKey()).not.toBe(key);
  });
});
