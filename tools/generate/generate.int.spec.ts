import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Runs as it is run by hand; esbuild does not run inside Jest. */
function generate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(workspace, 'tools/run.mjs'), 'generate', ...args], { cwd: workspace, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

describe('a workspace of its own', () => {
  let root: string;
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const config = (service: string) =>
    `import { defineConfig, variable } from '@angarium/config';\nexport const config = defineConfig('${service}', { ${service.toUpperCase()}_PORT: variable.port({ description: 'Its port.', default: 1 }) });\n`;
  const errors = (status: number) =>
    `import { defineErrors } from '@angarium/errors';\nexport const Errors = defineErrors({ GONE: { status: ${status}, blame: 'caller', retry: 'never', summary: 'Gone.', cure: 'None.' } });\n`;

  beforeEach(async () => {
    // below the real one, so that its packages are found
    await mkdir(join(workspace, 'node_modules/.cache/angarium'), { recursive: true });
    root = await mkdtemp(join(workspace, 'node_modules/.cache/angarium/generate-test-'));
    await write('apps/shop/src/config.ts', config('shop'));
    await write('apps/shop/src/errors.ts', errors(404));
    await mkdir(join(root, 'libs/empty'), { recursive: true });
    expect(generate('--root', root)).toMatchObject({ status: 0 });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is in order right after it was generated, and a second run writes nothing', () => {
    expect(generate('--root', root, '--check')).toMatchObject({ status: 0 });
    expect(generate('--root', root).output).not.toContain('written');
  });

  it('is stale when an app is new, and its variables appear by themselves', async () => {
    await write('apps/till/src/config.ts', config('till'));
    const { status, output } = generate('--root', root, '--check');
    expect(status).toBe(1);
    expect(output).toContain('stale      .env.example');
    expect(output).toContain('stale      docs/reference/configuration.md');
    expect(output).not.toContain('errors.md');
    generate('--root', root);
    expect(await readFile(join(root, '.env.example'), 'utf8')).toContain('# TILL_PORT=1');
  });

  it('tells of the codes of a catalogue that is put together with that of a library', async () => {
    await write('apps/till/src/errors.ts', errors(404).replaceAll('GONE', 'BROKE').replace('defineErrors({ ', '{\n  ...defineErrors({ ').replace('});\n', '}),\n};\n'));
    expect(generate('--root', root)).toMatchObject({ status: 0 });
    expect(await readFile(join(root, 'docs/reference/errors.md'), 'utf8')).toContain('BROKE');
  });

  it('is stale when a generated file was changed, removed or is left over', async () => {
    await write('docs/reference/errors.md', 'mine');
    await rm(join(root, 'docs/reference/contracts.md'));
    await write('docs/reference/contracts/old.thing.v1.schema.json', '{}');
    const { status, output } = generate('--root', root, '--check');
    expect(status).toBe(1);
    expect(output).toContain('stale      docs/reference/errors.md');
    expect(output).toContain('missing    docs/reference/contracts.md');
    expect(output).toContain('left over  docs/reference/contracts/old.thing.v1.schema.json');
    expect(await readFile(join(root, 'docs/reference/errors.md'), 'utf8')).toBe('mine');
    generate('--root', root);
    expect(await readdir(join(root, 'docs/reference/contracts'))).not.toContain('old.thing.v1.schema.json');
  });

  it('has the reference of an API as soon as an app describes one', async () => {
    await write('apps/shop/src/watch/open-api-document.ts', `export const routes = [];\nexport const openApiDocument = () => ({ openapi: '3.1.0', info: { title: 'Shop' }, tags: [] });\n`);
    expect(generate('--root', root, '--check').output).toContain('missing    docs/reference/shop.openapi.json');
    generate('--root', root);
    expect(await readFile(join(root, 'docs/reference/shop-api.md'), 'utf8')).toContain('# Shop: routes');
  });

  it('is refused while a code means different things in two apps', async () => {
    await write('apps/till/src/errors.ts', errors(410));
    const { status, output } = generate('--root', root, '--check');
    expect(status).toBe(2);
    expect(output).toContain('GONE is (404, caller, never) in apps/shop and (410, caller, never) in apps/till');
  });

  it('is refused while error codes are declared where nobody looks for them', async () => {
    await write('apps/shop/src/deep/things.ts', errors(404));
    const { status, output } = generate('--root', root);
    expect(status).toBe(2);
    expect(output).toContain('apps/shop/src/deep/things.ts');
  });
});

describe('this workspace', () => {
  it('has every app with a config.ts in its environment file', async () => {
    const text = await readFile(join(workspace, '.env.example'), 'utf8');
    const apps = await readdir(join(workspace, 'apps'));
    const sources = await Promise.all(apps.map((app) => readFile(join(workspace, 'apps', app, 'src/config.ts'), 'utf8').catch(() => '')));
    const names = sources.flatMap((source) => [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+): variable\./gm)].map(([, name = '']) => name));
    expect(names.length).toBeGreaterThan(7);
    for (const name of names) expect(text).toMatch(new RegExp(`^(# )?${name}=`, 'm'));
  });

  it('has every declared error code once in its reference', async () => {
    const text = await readFile(join(workspace, 'docs/reference/errors.md'), 'utf8');
    const codes = [...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(30);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
