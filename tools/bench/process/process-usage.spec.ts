import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuOfTree, readTimes, residentBytes } from './process-usage.js';

/** As Linux writes it: pid, name, state, parent, nine fields, then user, system, and both of ended children. */
const stat = (pid: number, name: string, parent: number, [user, system, childUser, childSystem]: readonly number[]) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 100 200 0 0 ${user} ${system} ${childUser} ${childSystem} 20 0 11 0 600 1000000 5000\n`;

describe('what a process has used', () => {
  let proc: string;
  beforeEach(async () => (proc = await mkdtemp(join(tmpdir(), 'bench-proc-'))));
  afterEach(() => rm(proc, { recursive: true }));

  async function process(pid: number, text: string): Promise<void> {
    await mkdir(join(proc, String(pid)));
    await writeFile(join(proc, String(pid), 'stat'), text);
  }

  it('is its own time and that of children that have ended, whatever its name holds', async () => {
    await process(10, stat(10, 'a) S 99 (b', 1, [5, 3, 20, 2]));
    expect(readTimes(10, proc)).toEqual({ parent: 1, cpuUs: 300_000 });
  });

  it('is in a tree that of the children that live, too, and of nobody else', async () => {
    await process(10, stat(10, 'postgres', 1, [1, 0, 0, 0]));
    await process(11, stat(11, 'postgres', 10, [2, 0, 0, 0]));
    await process(12, stat(12, 'postgres', 10, [4, 0, 0, 0]));
    await process(13, stat(13, 'else', 1, [8, 0, 0, 0]));
    expect(cpuOfTree(10, proc)).toBe(70_000);
  });

  it('is not known of a process that is not there', () => {
    expect(readTimes(10, proc)).toBeUndefined();
    expect(cpuOfTree(10, proc)).toBeNaN();
    expect(residentBytes(10, proc)).toBeNaN();
  });

  it('counts resident memory in bytes', async () => {
    await process(10, '');
    await writeFile(join(proc, '10', 'status'), 'Name:\tnode\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t11\n');
    expect(residentBytes(10, proc)).toBe(204_800);
  });
});
