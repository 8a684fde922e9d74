import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const swc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Native ESM Jest preset (run with `node --experimental-vm-modules`).
 * `.lua` files are imported as text, in tests as in the build.
 */
export default (displayName) => ({
  displayName,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/src/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts', '.lua'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node', 'lua'],
  resolver: here('./jest.resolver.cjs'),
  transform: {
    '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }],
    '^.+\\.lua$': here('./jest.lua.cjs'),
  },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  testTimeout: 120_000, // for what hangs; busy machines are slow
  globalTeardown: here('./jest.teardown.mjs'),
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', '!src/**/*.spec.ts', '!src/main.ts', '!src/generated/**'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'json-summary'],
});
