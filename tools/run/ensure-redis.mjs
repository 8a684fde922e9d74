import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { advice, say } from './workspace.mjs';

const needing = new Set(['start', 'test', 'bench', 'chaos']);

/**
 * Sees to it that there is a redis-server for tools that start one: PATH, else apt as root, else brew.
 * @throws advice with the choices when there is no way to get one.
 */
export async function ensureRedis(tool, args) {
  if (!needing.has(tool) || isOnPath('redis-server') || args.includes('--help')) return;
  if (tool === 'start' && process.env.REDIS_URL) return;
  const isRoot = process.getuid?.() === 0;
  if (process.platform === 'linux' && isRoot && isOnPath('apt-get')) {
    // RUNLEVEL=1: the package would start a Redis of its own on port 6379, which nobody asked for.
    install('apt-get', [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', 'redis-server']], { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' });
  } else if (isOnPath('brew')) {
    install('brew', [['install', 'redis']], {});
  }
  if (!isOnPath('redis-server')) throw advice(choices(tool));
}

function install(command, steps, env) {
  say(`redis-server is not on PATH; installing it with ${command} (once) …`);
  for (const step of steps) {
    const { status } = spawnSync(command, step, { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
    if (status !== 0) say(`${command} ${step.join(' ')} ended with exit code ${status}`);
  }
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      // Not in this folder.
      return false;
    }
  });
}

const choices = (tool) =>
  [
    'redis-server was not found on PATH and could not be installed from here. Choose one:',
    '  - Debian, Ubuntu:  sudo apt-get install redis-server',
    '  - Fedora:          sudo dnf install valkey-compat-redis   (or redis)',
    '  - macOS:           brew install redis',
    '  - any system:      put the folder of a redis-server 7 or newer on PATH',
    ...(tool === 'start' ? ['  - use a running one: REDIS_URL=redis://host:6379 npm start   (appendonly yes, maxmemory-policy noeviction)'] : []),
  ].join('\n');
