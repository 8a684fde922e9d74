import { median } from '../report/statistics.js';
import type { Verdict } from '../transport/judge-goals.js';
import type { MailRound, QueueRun } from './run-queues.js';
import type { Contender } from './workers/mail-load.js';

const MIN_PER_SECOND = 1_000;
const MAX_CRITICAL_S = 0.02;
const CRITICAL_SHARE = 0.95;
const MAX_OVERHEAD = 0.3;
/** Memory after the last job beside that after a quarter of them: above it the worker grows. */
const MAX_GROWTH = 1.1;

export const countedRounds = (run: QueueRun, of: Contender): readonly MailRound[] => (run.mails.get(of) ?? []).filter(({ fault }) => fault === undefined);

/** What the queues have to reach, and whether they did. */
export function judgeQueues(run: QueueRun): Verdict[] {
  const rate = (of: Contender) => median(countedRounds(run, of).map(({ perSecond }) => perSecond));
  const overhead = rate('plain') / rate('angarium') - 1;
  const { waits, fault } = run.critical.get('angarium') ?? {};
  const quarter = run.memory[Math.ceil(run.memory.length / 4) - 1]?.bytes ?? Number.NaN;
  const growth = (run.memory.at(-1)?.bytes ?? Number.NaN) / quarter;
  const inTime = fault === undefined ? (waits?.shareWithin(MAX_CRITICAL_S) ?? Number.NaN) : Number.NaN;
  return [
    verdict('one worker sends at least 1 000 mails a second', rate('angarium'), (it) => `${Math.round(it)}/s`, (it) => it >= MIN_PER_SECOND),
    verdict('ledger, limits and events cost less than 30 % beside plain BullMQ and nodemailer', overhead, (it) => `${Math.round(it * 100)} %`, (it) => it < MAX_OVERHEAD),
    verdict('95 % of the critical jobs begin within 20 ms while low-priority jobs wait', inTime, (it) => `${Math.round(it * 100)} %`, (it) => it >= CRITICAL_SHARE),
    verdict('memory after the last job at most 1.1 × that after a quarter of them', growth, (it) => `${it.toFixed(2)} ×`, (it) => it <= MAX_GROWTH),
  ];
}

function verdict(goal: string, value: number, format: (value: number) => string, isGood: (value: number) => boolean): Verdict {
  return Number.isFinite(value) ? { goal, found: format(value), isMet: isGood(value) } : { goal, found: 'not measured', isMet: undefined };
}
