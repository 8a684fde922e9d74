import { defineConfig, loadConfig, printConfig, serviceVariables, variable } from './index.js';

const definition = defineConfig(
  'soup-kitchen',
  {
    SOUP_PORT: variable.port({ description: 'Port of the kitchen.', default: 3099 }),
    SOUP_LOCK_MS: variable.integer({ description: 'Lock.', unit: 'ms', default: 500, min: 100, max: 1000 }),
    SOUP_TIMEOUT_MS: variable.integer({ description: 'Timeout.', unit: 'ms', default: 100, min: 1, max: 1000 }),
    SOUP_URL: variable.url({ description: 'Where the soup is.', protocols: ['soup'] }),
    SOUP_TOKEN: variable.text({ description: 'Opens the kitchen.', minLength: 8, secret: true }),
    SOUP_HOT: variable.flag({ description: 'Whether it is hot.', default: true }),
  },
  [(it) => (it.SOUP_LOCK_MS > it.SOUP_TIMEOUT_MS ? undefined : 'SOUP_LOCK_MS must be longer than SOUP_TIMEOUT_MS')],
);
const good = { SOUP_URL: 'soup://pot', SOUP_TOKEN: 'open-sesame' };

describe('configuration', () => {
  it('fills in defaults, parses, and cannot be changed afterwards', () => {
    const config = loadConfig(definition, { ...good, SOUP_PORT: '8080', SOUP_HOT: 'false' });
    expect(config).toMatchObject({ SOUP_PORT: 8080, SOUP_HOT: false, SOUP_LOCK_MS: 500 });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('reports all faults together, each with its variable, unit and cure, and no secret', () => {
    const load = () => loadConfig(definition, { SOUP_PORT: 'eighty', SOUP_LOCK_MS: '5', SOUP_TOKEN: 'short' });
    expect(load).toThrow(/SOUP_PORT is "eighty"; expected a whole number from 0 to 65535/);
    expect(load).toThrow(/SOUP_LOCK_MS \(ms\) is "5"; expected a whole number from 100 to 1000/);
    expect(load).toThrow(/SOUP_URL is not set; expected a URL with soup:\/\//);
    expect(load).toThrow(/SOUP_TOKEN does not fit; expected at least 8 characters/);
    expect(load).toThrow(/has 4 faults/);
    expect(load).not.toThrow(/short/);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig(definition, { ...good, SOUP_PORT: '' }).SOUP_PORT).toBe(3099);
  });

  it('checks variables against each other', () => {
    expect(() => loadConfig(definition, { ...good, SOUP_TIMEOUT_MS: '900' })).toThrow(/SOUP_LOCK_MS must be longer/);
  });

  it('prints itself without secrets', () => {
    const text = printConfig(definition, loadConfig(definition, good));
    expect(text).toContain('SOUP_TOKEN=(hidden)');
    expect(text).toContain('SOUP_URL=(hidden)');
    expect(text).toContain('SOUP_PORT=3099');
  });

  it('gives every replica a name of its own', () => {
    expect(loadConfig(defineConfig('x', serviceVariables), {}).INSTANCE_ID).toContain(String(process.pid));
  });
});
