import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, say } from './workspace.mjs';

const LOOK_AGAIN_MS = 500;
// not in node_modules: npm ci removes that
const lock = join(tmpdir(), `angarium-install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);

/** Runs `work` while no other command of this checkout does: two `npm ci` at once would leave node_modules in pieces. Blocks. */
export function alone(work) {
  let isTold = false;
  while (!take()) {
    if (!isTold) say(`waiting for process ${holder()}, which is installing dependencies …`);
    isTold = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    // whoever had it was killed
    if (!isAlive(holder())) rmSync(lock, { force: true });
    return false;
  }
}

function holder() {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return undefined; // given back between two looks
  }
}

function isAlive(pid) {
  if (!pid) return true; // being written or given back right now: look again
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
