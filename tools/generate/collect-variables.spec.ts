import { hostname } from 'node:os';
import { defineConfig, serviceVariables, variable } from '@angarium/config';
import { collectVariables } from './collect-variables.js';
import { configurationPage } from './configuration-page.js';
import { environmentFile } from './environment-file.js';

const shop = defineConfig('shop', {
  SHOP_PORT: variable.port({ description: 'Port of the shop.', default: 4000 }),
  SHOP_TOKEN: variable.text({ description: 'Opens the shop.', minLength: 24, secret: true }),
  SHOP_NAME: variable.text({ description: 'Shown to visitors.', default: 'Corner | Shop' }),
  SHOP_FOLDER: variable.optionalText({ description: 'Files <of> the shop.' }),
  ...serviceVariables,
});
const till = defineConfig('till', { TILL_PORT: variable.port({ description: 'Port of the till.', default: 4001 }), ...serviceVariables });
const modules = (...configs: unknown[]) => configs.map((config, i) => ({ path: `apps/app${i}/src/config.ts`, module: { config } }));

describe('the environment file', () => {
  const text = environmentFile(collectVariables(modules(shop, till)));

  it('has every variable of every service once', () => {
    for (const name of [...Object.keys(shop.variables), ...Object.keys(till.variables)]) expect(text.match(new RegExp(`^(# )?${name}=`, 'gm'))).toHaveLength(1);
  });

  it('leaves a secret that must be set empty, says what would fit, and puts defaults behind a comment sign', () => {
    expect(text).toContain('# Opens the shop.\n# (at least 24 characters; read by shop; secret)\nSHOP_TOKEN=\n');
    expect(text).toContain('\n# SHOP_PORT=4000\n');
    expect(text).toContain('\n# SHOP_FOLDER=\n');
  });

  it('quotes what a shell would take apart', () => {
    expect(text).toContain('# SHOP_NAME="Corner | Shop"');
  });

  it('is the same on every machine', () => {
    expect(text).toContain('default: host name and process id');
    expect(text).not.toContain(`${hostname()}-${process.pid}`);
  });
});

describe('the configuration page', () => {
  const text = configurationPage(collectVariables(modules(shop, till)));

  it('tells of a variable what it does, its unit, its default and who reads it', () => {
    expect(text).toContain('| `SHUTDOWN_GRACE_MS` | How long work in flight may take to end after SIGTERM; then it is given back. | ms | `10000` |');
    expect(text).toContain('| `TILL_PORT` | Port of the till. |  | `4001` | a whole number from 0 to 65535 | till |');
    expect(text).toContain('| `SHOP_TOKEN` | Opens the shop. |  | **must be set** | at least 24 characters | shop; secret |');
  });

  it('keeps its table whole whatever stands in a cell', () => {
    expect(text).toContain('`Corner \\| Shop`');
    expect(text).toContain('Files \\<of> the shop.');
  });
});

describe('collecting variables', () => {
  it('refuses one name with two meanings', () => {
    const other = defineConfig('other', { SHOP_PORT: variable.port({ description: 'Port of the other shop.', default: 4000 }) });
    expect(() => collectVariables(modules(shop, other))).toThrow(/SHOP_PORT means one thing in shop and another in other/);
  });

  it('refuses a config.ts that declares nothing', () => {
    expect(() => collectVariables([{ path: 'apps/empty/src/config.ts', module: {} }])).toThrow(/apps\/empty\/src\/config.ts exports no configuration/);
  });
});
