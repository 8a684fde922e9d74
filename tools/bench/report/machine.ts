import { fdatasyncSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { median } from './statistics.js';

/** One line on what the figures were made with. */
export function describeMachine(): string {
  const all = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}, ${memory} GB, ${type()} ${release()}, Node ${process.versions.node}`;
}

/** How long the disk of the temporary folder takes to make 4 kB durable, in milliseconds: what every durable message waits for. */
export function fsyncMs(): number {
  const file = join(tmpdir(), `angarium-bench-fsync-${process.pid}`);
  const descriptor = openSync(file, 'w');
  try {
    const block = Buffer.alloc(4_096, 'x');
    const times = Array.from({ length: 50 }, () => {
      writeSync(descriptor, block);
      const started = performance.now();
      fdatasyncSync(descriptor);
      return performance.now() - started;
    });
    return median(times);
  } finally {
    closeSync(descriptor);
    rmSync(file);
  }
}

/** CPU time of the machine since it began, microseconds. */
function machineCpu(): { busyUs: number; totalUs: number } {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq;
    busy += working;
    total += working + times.idle;
  }
  return { busyUs: busy * 1_000, totalUs: total * 1_000 };
}

/** Begins to watch. @returns a function that tells which share of the machine worked for others meanwhile, given what worked for us. */
export function watchForeignLoad(): (oursUs: number) => number {
  const before = machineCpu();
  return (oursUs) => {
    const after = machineCpu();
    return Math.max(0, (after.busyUs - before.busyUs - oursUs) / (after.totalUs - before.totalUs));
  };
}
