import { markdownTable } from '../report/markdown-table.js';
import { median, spread } from '../report/statistics.js';
import { countedRounds, judgeQueues } from './judge-queues.js';
import { cpuSum, shares, type CriticalRun, type QueuePlan, type QueueRun } from './run-queues.js';
import { CONCURRENCY } from './start-queues.js';
import type { Contender } from './workers/mail-load.js';

export interface Circumstances {
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly fsyncMs: number;
}

const titles: Readonly<Record<Contender, string>> = { angarium: 'email worker', plain: 'BullMQ and nodemailer' };

/** The whole result in Markdown. */
export function queuesReport(run: QueueRun, plan: QueuePlan, { date, command, machine, fsyncMs }: Circumstances): string {
  return [
    '## Queues: mails',
    `\`${command}\`, ${date}. ${machine}; Redis \`appendfsync always\`, PostgreSQL \`fsync on\`, one fsync of 4 kB ${fsyncMs.toFixed(2)} ms.`,
    method(plan),
    markdownTable(['Mails', 'durability', '/s', 'CPU µs a mail', 'of which', 'rounds'], [...run.mails.keys()].map((of) => mailRow(run, of))),
    markdownTable(['Critical mails', '', 'p50 ms', 'p95 ms', 'p99 ms', 'begun within 20 ms', 'others waiting at the end'], [...run.critical.keys()].map((of) => criticalRow(run, of))),
    `Resident memory of the email worker: ${run.memory.filter((_, at) => (at + 1) % 5 === 0).map(({ jobs, bytes }) => `${Math.round(bytes / 1e6)} MB after ${thousands(jobs)} jobs`).join(', ')}.`,
    markdownTable(['Goal', '', 'found'], judgeQueues(run).map(({ goal, found, isMet }) => [goal, isMet === undefined ? '' : isMet ? 'met' : 'not met', found])),
  ].join('\n\n');
}

function method({ rounds, mailCount, backlogCount, criticalCount }: QueuePlan): string {
  return [
    `One run: both in turns, ${rounds} rounds of ${thousands(mailCount)} mails after a warm-up; medians, smallest and largest in parentheses. One worker each, ${CONCURRENCY} mails at a time over as many`,
    'kept connections to one mail server, which takes and counts every mail; workers, Redis, Postgres, mail server and load generator are processes on this one machine and share its processors.',
    'The jobs wait in Redis before the clock runs; it runs until the last job has ended. **email worker**: ledger row before and after each mail, rate limits, suppression list, event through the outbox.',
    '**BullMQ and nodemailer**: as a team writes it by itself, none of these. **Durability**: jobs in both are on disk (fsync) before they are acknowledged; a job that comes again sends its mail',
    `again in the plain one only. **Critical mails**: ${criticalCount} of them, 20 a second, while ${thousands(backlogCount)} jobs of low priority wait and are worked on; from the call that orders one to its arrival at the mail server; begun: until its job begins in the worker.`,
    'A round in which a mail was lost, doubled or failed does not count.',
  ].join('\n');
}

function mailRow(run: QueueRun, of: Contender): string[] {
  const rounds = countedRounds(run, of);
  const all = run.mails.get(of) ?? [];
  const faults = all.flatMap(({ fault }) => fault ?? []);
  const ofWhich = shares.map((share) => `${share} ${thousands(median(rounds.map(({ cpuUs }) => cpuUs[share])))}`).join(' + ');
  const durability = of === 'angarium' ? 'jobs, ledger, events' : 'jobs';
  const count = `${rounds.length} of ${all.length}${faults[0] === undefined ? '' : `; void: ${faults[0]}`}`;
  return [titles[of], durability, spread(rounds.map(({ perSecond }) => perSecond), thousands), spread(rounds.map(({ cpuUs }) => cpuSum(cpuUs)), thousands), ofWhich, count];
}

function criticalRow(run: QueueRun, of: Contender): string[] {
  const found = run.critical.get(of);
  const at = (part: 'p50' | 'p95' | 'p99') => found?.latency?.[part].toFixed(1) ?? '';
  return [titles[of], found?.fault ?? '', at('p50'), at('p95'), at('p99'), begun(found), thousands(found?.stillWaiting ?? 0)];
}

const begun = (found: CriticalRun | undefined) => (found?.waits === undefined ? '' : `${Math.round(found.waits.shareWithin(0.02) * 100)} %`);
const thousands = (value: number) => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
