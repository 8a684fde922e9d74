// npm run chaos -- --seed <number> --minutes <number> [--replicas 2] [--fsync always|everysec]
import { chaosReport } from './chaos-report.js';
import { parseArguments, usage, type Arguments } from './parse-arguments.js';
import { runChaos } from './run-chaos.js';
import { LogFiles } from './system/log-files.js';

/** @returns the exit code: 2 for a command line that does not fit, 1 when something was broken. */
async function main(): Promise<number> {
  let args: Arguments;
  try {
    args = parseArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (args.isHelp) {
    console.log(usage);
    return 0;
  }
  return run(args);
}

async function run({ seed, minutes, replicaCount, fsync }: Arguments): Promise<number> {
  console.log(`seed ${seed}: ${minutes} minutes, ${replicaCount} replicas, appendfsync ${fsync}`);
  const logs = await LogFiles.open(seed);
  const startedAtMs = performance.now();
  const say = (line: string) => {
    const timed = `[${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(6)} s] ${line}`;
    logs.write('steps', `${new Date().toISOString()} ${timed}`);
    console.log(timed);
  };
  let isKept = true;
  try {
    const result = await runChaos({ seed, durationMs: minutes * 60_000, replicaCount, fsync }, say, logs);
    const report = chaosReport(result, seed);
    logs.write('report', report);
    console.log(`\n${report}`);
    isKept = result.breaches.length > 0;
    return isKept ? 1 : 0;
  } finally {
    await logs.close(isKept);
    if (isKept) console.log(`Logs: ${logs.folder}\nOnce more: npm run chaos -- --seed ${seed} --minutes ${minutes} --replicas ${replicaCount} --fsync ${fsync}`);
  }
}

process.exitCode = await main();
