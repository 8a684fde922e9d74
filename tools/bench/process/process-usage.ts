import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second, whatever the machine (USER_HZ). */
const TICK_US = 10_000;

/** Processor time and memory of processes, from /proc. Where there is none (macOS) they are not known: NaN. */
export interface ProcessTimes {
  readonly parent: number;
  /** Microseconds, all threads; with those of children that have ended and were waited for. */
  readonly cpuUs: number;
}

/** @returns undefined when there is no such process. */
export function readTimes(pid: number, proc = '/proc'): ProcessTimes | undefined {
  const stat = read(`${proc}/${pid}/stat`);
  if (stat === undefined) return undefined;
  // the name stands in parentheses and may hold anything; after it: state, parent, … utime, stime, cutime, cstime
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
  const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? Number.NaN), 0);
  return { parent: fields[1] ?? -1, cpuUs: ticks * TICK_US };
}

/** Of a process and its direct children (Postgres has one for each connection), microseconds. NaN when it is not known. */
export function cpuOfTree(pid: number, proc = '/proc'): number {
  const own = readTimes(pid, proc);
  if (own === undefined) return Number.NaN;
  const pids = readdirSync(proc).filter((it) => /^\d+$/.test(it));
  return pids.reduce((sum, it) => {
    const times = readTimes(Number(it), proc);
    return times?.parent === pid ? sum + times.cpuUs : sum;
  }, own.cpuUs);
}

/** Resident memory, bytes. NaN when it is not known. */
export function residentBytes(pid: number, proc = '/proc'): number {
  const status = read(`${proc}/${pid}/status`) ?? '';
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1_024;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // the process has ended, or this system has no /proc
    return undefined;
  }
}
