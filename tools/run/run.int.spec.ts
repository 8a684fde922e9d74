import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const toolsFolder = fileURLToPath(new URL('..', import.meta.url));

/** A workspace of its own with the real entry and nothing to install. */
function workspace(minimumNode: string) {
  const folder = mkdtempSync(join(tmpdir(), 'angarium-run-'));
  cpSync(join(toolsFolder, 'run.mjs'), join(folder, 'tools/run.mjs'));
  cpSync(join(toolsFolder, 'run'), join(folder, 'tools/run'), { recursive: true });
  for (const tool of ['start', 'greet']) {
    mkdirSync(join(folder, 'tools', tool));
    writeFileSync(join(folder, 'tools', tool, 'main.ts'), '');
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', engines: { node: `>=${minimumNode}` } }));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: {} }));
  return folder;
}

describe('the entry of the npm scripts', () => {
  const folders: string[] = [];
  const run = (options: { args: string[]; minimumNode?: string; installed?: boolean; path?: string; env?: Record<string, string> }) => {
    const folder = workspace(options.minimumNode ?? '20.19.0');
    folders.push(folder);
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "npm $*"\nexit 7\n', { mode: 0o755 });
    if (options.installed) {
      mkdirSync(join(folder, 'node_modules'));
      writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    }
    const env = { PATH: `${bin}:${options.path ?? process.env['PATH']}`, ...options.env };
    return spawnSync(process.execPath, ['tools/run.mjs', ...options.args], { cwd: folder, env, encoding: 'utf8' });
  };
  afterAll(() => folders.forEach((it) => rmSync(it, { recursive: true, force: true })));

  it('names the Node it needs and the one it found', () => {
    const { status, stderr } = run({ args: ['greet'], minimumNode: '99.1.0' });
    expect(status).toBe(1);
    expect(stderr).toContain('needs Node 99.1.0 or newer');
    expect(stderr).toContain(process.versions.node);
  });

  it('lists the tools there are when one is unknown', () => {
    const { status, stderr } = run({ args: ['dance'] });
    expect(status).toBe(2);
    expect(stderr).toMatch(/no tool "dance".*greet\|start/);
  });

  it('installs what is missing and says so, and stops with the reason when npm cannot', () => {
    const { status, stderr } = run({ args: ['greet'] });
    expect(stderr).toContain('installing dependencies with npm ci');
    expect(stderr).toContain('npm ci\n');
    expect(stderr).toContain('npm ci failed (exit code 7)');
    expect(status).toBe(1);
  });

  it('installs nothing when somebody ran npm already', () => {
    expect(run({ args: ['greet'], installed: true }).stderr).not.toContain('npm ci');
  });

  it('says how to get a redis-server where there is none and none can be installed', () => {
    const { status, stderr } = run({ args: ['start'], installed: true, path: '' });
    expect(status).toBe(1);
    expect(stderr).toContain('apt-get install redis-server');
    expect(stderr).toContain('REDIS_URL=');
  });

  it('asks for no redis-server when REDIS_URL names one', () => {
    expect(run({ args: ['start'], installed: true, path: '', env: { REDIS_URL: 'redis://elsewhere:6379' } }).stderr).not.toContain('redis-server');
  });
});
