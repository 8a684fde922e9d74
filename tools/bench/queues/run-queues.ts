import { JobPriority } from '@angarium/queues';
import { cpuOfTree, residentBytes } from '../process/process-usage.js';
import { watchForeignLoad } from '../report/machine.js';
import { now } from '../transport/clock.js';
import type { Latency } from '../transport/ledger.js';
import { PHASES } from '../transport/numbered-users.js';
import { readWaits, type Waits } from './read-waits.js';
import { startQueues, type QueueParts } from './start-queues.js';
import type { Contender } from './workers/mail-load.js';

/** Nothing new for this long: what is missing is lost. */
const QUIET_MS = 10_000;
const CRITICAL_PER_SECOND = 20;
const LEAD_MS = 100;
const MEMORY_PART = 10_000;

export interface QueuePlan {
  readonly rounds: number;
  /** Mails of one measurement. */
  readonly mailCount: number;
  /** Low-priority jobs that wait while critical ones come. */
  readonly backlogCount: number;
  readonly criticalCount: number;
  /** Jobs over which the worker's memory is watched. */
  readonly memoryCount: number;
  readonly profileDir?: string | undefined;
}

/** Who works for a mail. */
export const shares = ['worker', 'Postgres', 'Redis', 'mail server'] as const;
export type Share = (typeof shares)[number];

export interface MailRound {
  readonly perSecond: number;
  /** Microseconds of CPU time a mail, by process. */
  readonly cpuUs: Readonly<Record<Share, number>>;
  /** Part of the machine that worked for others meanwhile, 0 to 1. */
  readonly foreignShare: number;
  readonly fault: string | undefined;
}

export interface CriticalRun {
  /** From the call that orders a critical mail to its arrival at the mail server. */
  readonly latency: Latency | undefined;
  /** From the call that orders one to the begin of its job, as the worker counts it; the plain one does not. */
  readonly waits: Waits | undefined;
  /** How many low-priority jobs still waited at the end. */
  readonly stillWaiting: number;
  readonly fault: string | undefined;
}

export interface QueueRun {
  readonly mails: ReadonlyMap<Contender, readonly MailRound[]>;
  readonly critical: ReadonlyMap<Contender, CriticalRun>;
  /** Resident memory of the email worker after so many jobs, bytes. */
  readonly memory: readonly { readonly jobs: number; readonly bytes: number }[];
}

const contenders: readonly Contender[] = ['angarium', 'plain'];
let phase = 0;
const nextPhase = (): number => (phase = (phase + 1) % PHASES);

/** Measures both in turns, round after round, then what waits in front of critical jobs, then memory. */
export async function runQueues(root: string, plan: QueuePlan, say: (line: string) => void): Promise<QueueRun> {
  const parts = await startQueues(root, plan.profileDir);
  try {
    const mails = new Map<Contender, MailRound[]>(contenders.map((it) => [it, []]));
    for (let round = 0; round <= plan.rounds; round++) {
      for (const of of round % 2 === 0 ? contenders : [...contenders].reverse()) {
        const found = await measureMails(parts, of, plan.mailCount);
        say(`${round === 0 ? 'warm-up' : `round ${round}/${plan.rounds}`}  ${of.padEnd(8)}  ${Math.round(found.perSecond)}/s, ${inWords(found.cpuUs)}${found.fault === undefined ? '' : `; void: ${found.fault}`}`);
        if (round > 0) mails.get(of)?.push(found);
      }
    }
    const critical = new Map<Contender, CriticalRun>();
    for (const of of contenders) {
      const found = await measureCritical(parts, of, plan);
      critical.set(of, found);
      say(`critical  ${of.padEnd(8)}  p50 ${found.latency?.p50.toFixed(1)} ms, p95 ${found.latency?.p95.toFixed(1)} ms, p99 ${found.latency?.p99.toFixed(1)} ms;${found.waits === undefined ? '' : ` ${Math.round(found.waits.shareWithin(0.02) * 100)} % begun within 20 ms;`} ${found.stillWaiting} others still wait`);
    }
    return { mails, critical, memory: await measureMemory(parts, plan.memoryCount, say) };
  } finally {
    await parts.stop();
  }
}

/** The jobs wait before the clock runs, so that what is measured is the worker: from the moment it may begin to the end of the last job. */
async function measureMails(parts: QueueParts, of: Contender, count: number): Promise<MailRound> {
  const { load, sink } = parts;
  const number = nextPhase();
  await load.call('pause', of);
  await load.call('fill', { of, phase: number, count, priority: JobPriority.NORMAL });
  await sink.call('begin', { phase: number });
  const before = usedCpuUs(parts, of);
  const foreignShare = watchForeignLoad();
  const startedAt = now();
  await load.call('resume', of);
  const failed = await load.call('finished', of);
  const ms = now() - startedAt;
  const after = usedCpuUs(parts, of);
  const cpuUs = Object.fromEntries(shares.map((share) => [share, (after[share] - before[share]) / count])) as Record<Share, number>;
  const { handled, duplicates } = await sink.call('collect', { count, quietMs: QUIET_MS });
  const fault = failed > 0 ? `${failed} jobs failed` : handled !== count ? `${count - handled} mails lost` : duplicates > 0 ? `${duplicates} mails came twice` : undefined;
  return { perSecond: (count * 1_000) / ms, cpuUs, foreignShare: foreignShare(cpuSum(cpuUs) * count), fault };
}

async function measureCritical({ load, sink, emailWorkerUrl }: QueueParts, of: Contender, { backlogCount, criticalCount }: QueuePlan): Promise<CriticalRun> {
  await load.call('pause', of);
  await load.call('fill', { of, phase: nextPhase(), count: backlogCount, priority: JobPriority.LOW });
  const number = nextPhase();
  const schedule = { startAt: now() + LEAD_MS, intervalMs: 1_000 / CRITICAL_PER_SECOND };
  await sink.call('begin', { phase: number, schedule });
  await load.call('resume', of);
  const before = of === 'angarium' ? await readWaits(emailWorkerUrl) : undefined;
  const sent = await load.call('critical', { of, phase: number, schedule, count: criticalCount });
  const { handled, latency } = await sink.call('collect', { count: sent.sent, quietMs: QUIET_MS });
  const waits = before === undefined ? undefined : before.until(await readWaits(emailWorkerUrl));
  const stillWaiting = await load.call('waiting', of);
  await load.call('drop', of);
  await load.call('finished', of);
  const fault = sent.failed > 0 ? `${sent.failed} refused` : handled !== sent.sent ? `${sent.sent - handled} lost` : stillWaiting === 0 ? 'nothing waited at the end' : undefined;
  return { latency, waits, stillWaiting, fault };
}

async function measureMemory({ load, emailWorker }: QueueParts, count: number, say: (line: string) => void): Promise<{ jobs: number; bytes: number }[]> {
  const found: { jobs: number; bytes: number }[] = [];
  for (let jobs = 0; jobs < count; ) {
    await load.call('fill', { of: 'angarium', phase: nextPhase(), count: MEMORY_PART, priority: JobPriority.NORMAL });
    await load.call('finished', 'angarium');
    jobs += MEMORY_PART;
    found.push({ jobs, bytes: residentBytes(emailWorker.pid) });
    say(`memory  ${jobs} jobs  ${Math.round((found.at(-1)?.bytes ?? Number.NaN) / 1e6)} MB`);
  }
  return found;
}

/** CPU time so far, microseconds. */
function usedCpuUs({ emailWorker, plainWorker, sink, postgres, redis }: QueueParts, of: Contender): Record<Share, number> {
  const pids = { worker: (of === 'angarium' ? emailWorker : plainWorker).pid, Postgres: postgres.pid, Redis: redis.pid, 'mail server': sink.pid };
  return Object.fromEntries(Object.entries(pids).map(([share, pid]) => [share, cpuOfTree(pid)])) as Record<Share, number>;
}

/** Sum over all processes, microseconds a mail. */
export const cpuSum = (cpuUs: MailRound['cpuUs']): number => shares.reduce((sum, share) => sum + cpuUs[share], 0);

const inWords = (cpuUs: MailRound['cpuUs']) => `${Math.round(cpuSum(cpuUs))} µs a mail (${shares.map((share) => `${share} ${Math.round(cpuUs[share])}`).join(', ')})`;
