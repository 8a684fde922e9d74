import { createApiKeyToken, createServiceToken, hashToken } from './index.js';
import { tokenForms } from './tokens.js';

describe('tokens', () => {
  it('have 256 random bits behind a prefix that tells what they are', () => {
    expect(createApiKeyToken()).toMatch(/^ang_[\w-]{43}$/);
    expect(createServiceToken()).toMatch(/^angs_[\w-]{43}$/);
    expect(new Set(Array.from({ length: 1_000 }, createApiKeyToken)).size).toBe(1_000);
  });

  it('are not taken for each other', () => {
    expect(tokenForms.serviceToken.test(createApiKeyToken())).toBe(false);
    expect(tokenForms.apiKey.test(createServiceToken())).toBe(false);
  });

  it('are stored as SHA-256, in hex', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
