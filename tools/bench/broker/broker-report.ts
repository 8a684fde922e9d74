import { markdownTable } from '../report/markdown-table.js';
import { median, spread } from '../report/statistics.js';
import { judgeBroker } from './judge-broker.js';
import { BACKLOG_PER_SECOND } from './measure/measure-backlog.js';
import { counted, cpuSum, isNoisy, NOISY_SHARE, shares, type Measured, type Share } from './measure/measured.js';
import type { BrokerPlan, BrokerRun, Result } from './run-broker.js';
import { infoOf, workloads, type WorkloadName } from './workloads.js';

export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly fsyncMs: number;
}

const titles: Readonly<Record<Share, string>> = { broker: 'server', postgres: 'Postgres', redis: 'Redis', client: 'client', receiver: 'receiver' };
const senders: readonly WorkloadName[] = ['publish', 'batch', 'null', 'null-batch', 'bullmq', 'pg-boss', 'raw-xadd'];
const consumers: readonly WorkloadName[] = ['webhook', 'pull'];

/** The whole result in Markdown. */
export function brokerReport(run: BrokerRun, plan: BrokerPlan, { date, command, machine, fsyncMs }: Circumstances): string {
  const noisy = run.foreignShare > NOISY_SHARE ? ' (noisy: trust the CPU per message, not the rates)' : '';
  const share = `${Math.round(run.foreignShare * 100)} % of the machine worked for others meanwhile${noisy}`;
  return [
    '## Broker: publish, deliver, consume',
    `\`${command}\`, ${date}. ${machine}; ${run.versions}, one fsync of 4 kB ${fsyncMs.toFixed(2)} ms; ${share}.`,
    method(plan),
    ...section('Publish', run.results, senders),
    ...section('Deliver and consume', run.results, consumers),
    ...backlogSection(run, plan),
    memorySection(run),
    goalsSection(run),
  ].join('\n\n');
}

function method(plan: BrokerPlan): string {
  const seconds = plan.durationMs / 1_000;
  return [
    `One run, ${plan.rounds} rounds of ${seconds} s after a warm-up, all workloads in turns in every round; medians, smallest and largest in parentheses. One broker (\`NODE_ENV=production\`,`,
    'with the flags of `npm start`), its Postgres and Redis, the load generator, each peer and the receiver are processes of their own on this one machine and share its processors.',
    '**Rate** and latency of publishing: closed loop, the next request when the last one is answered. **Publish to webhook**, **backlog**: open loop, from the moment at which a message was meant',
    'to be sent to its arrival, or its answer; the sender wakes once a millisecond, which is up to 1 ms of it.',
    '**CPU**: microseconds per message of all processes (the server is the broker, or Fastify), what follows an answer (the way into the stream) included. **Client**: part of a processor that the load generator used; near 100 % it would be the limit.',
    '**Class**: D2 is on disk (fsync) before it is acknowledged; **-** is kept nowhere. A round in which something was refused, lost, doubled or invented does not count; nor does one during which',
    `more than ${NOISY_SHARE * 100} % of the machine worked for others, unless that was so in all. Workloads:`,
    ...plan.workloads.map((name) => `${infoOf(name).title}: ${infoOf(name).how};`),
  ]
    .join('\n')
    .replace(/;$/, '.');
}

function section(title: string, results: readonly Result[], names: readonly WorkloadName[]): string[] {
  const found = results.filter(({ workload }) => names.includes(workload));
  if (found.length === 0) return [];
  const rows = found.map(({ workload, rounds }) => row(infoOf(workload).title, infoOf(workload).durability, rounds));
  return [markdownTable([title, ...columns], rows)];
}

const columns = ['class', '/s', 'CPU µs', 'of which', 'p50 ms', 'p95 ms', 'p99 ms', 'client', 'rounds'];

function row(title: string, durability: string, rounds: readonly Measured[]): string[] {
  const valid = counted(rounds);
  const at = (part: 'p50' | 'p95' | 'p99') => {
    const times = valid.flatMap(({ latency }) => latency?.[part] ?? []);
    return times.length === 0 ? '' : spread(times, (ms) => ms.toFixed(1));
  };
  return [
    title,
    durability,
    spread(valid.map(({ perSecond }) => perSecond), thousands),
    median(valid.map(cpuSum)).toFixed(1),
    ofWhich(valid),
    at('p50'),
    at('p95'),
    at('p99'),
    `${Math.round(median(valid.map(({ clientBusy }) => clientBusy)) * 100)} %`,
    whichCount(rounds),
  ];
}

/** Who worked for a message; below a microsecond it is the idle server of somebody else. */
function ofWhich(rounds: readonly Measured[]): string {
  const means = shares.map((share) => [share, median(rounds.flatMap(({ cpu }) => cpu[share] ?? []))] as const);
  return means.filter(([, us]) => us >= 0.1).map(([share, us]) => `${titles[share]} ${us.toFixed(1)}`).join(' + ');
}

/** How many rounds count, and why the others do not. */
function whichCount(rounds: readonly Measured[]): string {
  const faults = rounds.flatMap(({ fault }) => fault ?? []);
  const count = counted(rounds);
  const noisy = count.some(isNoisy) ? ', all noisy' : '';
  return `${count.length} of ${rounds.length}${noisy}${faults.length === 0 ? '' : `; ${faults.length} void: ${faults[0]}`}`;
}

function backlogSection({ backlog }: BrokerRun, plan: BrokerPlan): string[] {
  if (backlog === undefined) return [];
  const title = `Backlog of ${thousands(plan.backlogCount)}, publishing ${thousands(BACKLOG_PER_SECOND)}/s`;
  const rows = [
    row('to a topic whose paused subscription has nothing waiting', 'D2', backlog.empty),
    row('to the topic with the backlog', 'D2', backlog.full),
    row('resumed: one client takes all that waited', 'D2', [backlog.drained]),
  ];
  return [markdownTable([title, ...columns], rows), `A waiting message takes ${Math.round(backlog.redisBytesPerMessage)} bytes of Redis' memory.`];
}

function memorySection({ memory }: BrokerRun): string {
  const rows = [...memory].filter(([part]) => isOurs(part)).map(([part, bytes]) => [part, '', `${Math.round(bytes / 1e6)} MB`]);
  return markdownTable(['Largest resident memory of the broker', '', 'found'], rows);
}

/** While somebody else is measured the broker only keeps what it had. */
const isOurs = (part: string) => workloads.every(({ name, isOurs: ours }) => name !== part || ours);

function goalsSection(run: BrokerRun): string {
  const rows = judgeBroker(run).map(({ goal, found, isMet }) => [goal, isMet === undefined ? '' : isMet ? 'met' : 'not met', found]);
  return markdownTable(['Goal', '', 'found'], rows);
}

const thousands = (value: number) => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
