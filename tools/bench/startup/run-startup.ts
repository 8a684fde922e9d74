import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneStart, type Start } from './one-start.js';

export interface StartupRun {
  /** With an empty data folder: the database is made and migrated. */
  readonly first: readonly Start[];
  /** On the data of the start before. */
  readonly again: readonly Start[];
}

/** Starts and stops the whole system twice per round; the second time its idle memory is read. */
export async function runStartup(root: string, rounds: number, say: (line: string) => void): Promise<StartupRun> {
  const run = { first: [] as Start[], again: [] as Start[] };
  for (let round = 1; round <= rounds; round++) {
    const dataDir = await mkdtemp(join(tmpdir(), 'angarium-bench-'));
    await chmod(dataDir, 0o755); // started by root, Postgres runs as another user and has to get to its folder below
    try {
      run.first.push(await oneStart(root, dataDir, false));
      run.again.push(await oneStart(root, dataDir, true));
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
    const [first, again] = [run.first, run.again].map((it) => ((it.at(-1)?.healthyMs ?? Number.NaN) / 1_000).toFixed(1));
    say(`round ${round}/${rounds}  first start ${first} s, on existing data ${again} s`);
  }
  return run;
}
