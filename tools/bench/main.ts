import { join } from 'node:path';
import { brokerReport } from './broker/broker-report.js';
import { runBroker, type BrokerPlan } from './broker/run-broker.js';
import { workloadNames } from './broker/workloads.js';
import { parseArguments, usage, type Arguments } from './parse-arguments.js';
import { queuesReport } from './queues/queues-report.js';
import { runQueues, type QueuePlan } from './queues/run-queues.js';
import { describeMachine, fsyncMs } from './report/machine.js';
import { writeBlock } from './report/write-block.js';
import { runStartup } from './startup/run-startup.js';
import { startupReport } from './startup/startup-report.js';
import { contenders } from './transport/contender.js';
import { runTransport, type TransportPlan } from './transport/run-transport.js';
import { transportReport } from './transport/transport-report.js';

const root = process.cwd();

async function benchTransport({ isQuick, only, profileDir }: Arguments): Promise<void> {
  const plan: TransportPlan = {
    ...(isQuick ? { rounds: 3, warmUpMs: 300, durationMs: 500 } : { rounds: 7, warmUpMs: 1_000, durationMs: 1_500 }),
    contenders: contenders.filter(({ name }) => only?.includes(name) ?? true),
    profileDir,
  };
  const run = await runTransport(root, plan, console.log);
  await publish('transport', transportReport(run, plan, circumstances()), !isQuick && only === undefined && profileDir === undefined);
}

async function benchBroker({ isQuick, only, profileDir }: Arguments): Promise<void> {
  const plan: BrokerPlan = {
    ...(isQuick ? { rounds: 3, warmUpMs: 3_000, durationMs: 1_500, backlogCount: 100_000 } : { rounds: 7, warmUpMs: 6_000, durationMs: 3_000, backlogCount: 1_000_000 }),
    workloads: workloadNames.filter((name) => only?.includes(name) ?? true),
    profileDir,
  };
  const run = await runBroker(root, plan, console.log);
  await publish('broker', brokerReport(run, plan, circumstances()), !isQuick && only === undefined && profileDir === undefined);
}

async function benchQueues({ isQuick, profileDir }: Arguments): Promise<void> {
  const plan: QueuePlan = {
    ...(isQuick ? { rounds: 3, mailCount: 2_000, backlogCount: 20_000, criticalCount: 100, memoryCount: 10_000 } : { rounds: 7, mailCount: 5_000, backlogCount: 100_000, criticalCount: 400, memoryCount: 200_000 }),
    profileDir,
  };
  const run = await runQueues(root, plan, console.log);
  await publish('queues', queuesReport(run, plan, circumstances()), !isQuick && profileDir === undefined);
}

async function benchStartup({ isQuick }: Arguments): Promise<void> {
  const run = await runStartup(root, isQuick ? 1 : 3, console.log);
  const report = startupReport(run, { date: new Date().toISOString().slice(0, 10), command: commandLine(), machine: describeMachine() });
  await publish('startup', report, !isQuick);
}

async function publish(name: string, report: string, isWhole: boolean): Promise<void> {
  console.log(`\n${report}\n`);
  if (!isWhole) return;
  await writeBlock(join(root, 'docs/benchmarks.md'), name, report);
  console.log('Written to docs/benchmarks.md.');
}

const circumstances = () => ({ date: new Date().toISOString().slice(0, 10), command: commandLine(), machine: describeMachine(), fsyncMs: fsyncMs() });
const runs = { transport: benchTransport, broker: benchBroker, queues: benchQueues, startup: benchStartup };
const names = { transport: contenders.map(({ name }) => name), broker: workloadNames, queues: [], startup: [] };
const commandLine = () => ['npm run bench --', ...process.argv.slice(2)].join(' ');

async function main(): Promise<number> {
  let args: Arguments;
  try {
    args = parseArguments(process.argv.slice(2), names);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (args.isHelp || args.bench === undefined) {
    console.log(usage);
    return args.isHelp ? 0 : 2;
  }
  await runs[args.bench](args);
  return 0;
}

process.exitCode = await main();
