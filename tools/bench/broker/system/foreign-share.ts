import { watchForeignLoad } from '../../report/machine.js';
import type { BenchParts } from './bench-parts.js';
import type { Measured } from '../measure/measured.js';
import { cpuOfTree } from '../../process/process-usage.js';

/** Measures, and tells which part of the machine worked for others meanwhile. */
export async function withForeignShare(parts: BenchParts, measure: () => Promise<Measured>): Promise<Measured> {
  const tell = startForeignWatch(parts);
  const found = await measure();
  return { ...found, foreignShare: tell() };
}

/** @returns a function that tells which part of the machine's CPU time has gone to processes that are not ours since, 0 to 1. */
export function startForeignWatch(parts: BenchParts): () => number {
  const [before, foreignShare] = [usedCpuUs(parts), watchForeignLoad()];
  return () => foreignShare(usedCpuUs(parts) - before);
}

/** CPU time of all our processes so far. */
function usedCpuUs({ system, load, nullServer, sink, puller, peers }: BenchParts): number {
  const { broker, postgres, redisServer } = system;
  const { user, system: kernel } = process.cpuUsage();
  return [broker, postgres, redisServer, load, nullServer, sink, puller, ...peers.values()].reduce((sum, { pid }) => sum + cpuOfTree(pid), user + kernel);
}
