import { judgeQueues } from './judge-queues.js';
import { queuesReport } from './queues-report.js';
import { Waits } from './read-waits.js';
import type { MailRound, QueueRun } from './run-queues.js';

const round = (perSecond: number, fault?: string): MailRound => ({ perSecond, cpuUs: { worker: 600, Postgres: 100, Redis: 100, 'mail server': 100 }, foreignShare: 0, fault });
const run = (ours: MailRound[], others: MailRound[], inTime: number, megabytes: number[]): QueueRun => ({
  mails: new Map([
    ['angarium', ours],
    ['plain', others],
  ]),
  critical: new Map([['angarium', { latency: { p50: 2, p95: 30, p99: 40, max: 50 }, waits: new Waits(new Map([['0.02', inTime], ['+Inf', 100]])), stillWaiting: 10, fault: undefined }]]),
  memory: megabytes.map((it, at) => ({ jobs: (at + 1) * 10_000, bytes: it * 1e6 })),
});
const metOf = (it: QueueRun) => judgeQueues(it).map(({ isMet }) => isMet);

describe('the goals of the queues', () => {
  it('are met, or not, each by its own figure', () => {
    expect(metOf(run([round(1_200)], [round(1_500)], 96, [100, 100, 100, 105]))).toEqual([true, true, true, true]);
    expect(metOf(run([round(900)], [round(1_300)], 94, [100, 100, 100, 130]))).toEqual([false, false, false, false]);
  });

  it('are judged by rounds without a fault only', () => {
    expect(metOf(run([round(5_000, '3 mails lost'), round(900)], [round(1_000)], 96, [100]))[0]).toBe(false);
    expect(metOf(run([round(5_000, '3 mails lost')], [round(1_000)], 96, [100]))[0]).toBeUndefined();
  });

  it('stand in the report with why a round does not count', () => {
    const plan = { rounds: 2, mailCount: 5_000, backlogCount: 100_000, criticalCount: 400, memoryCount: 200_000 };
    const report = queuesReport(run([round(5_000, '3 mails lost'), round(1_100)], [round(1_200)], 96, [100, 100, 100, 100, 101]), plan, { date: '2026-11-21', command: 'npm run bench -- queues', machine: 'a machine', fsyncMs: 1 });
    expect(report).toContain('1 of 2; void: 3 mails lost');
    expect(report).toMatch(/one worker sends at least 1 000 mails a second .*\| met +\| +1100\/s/);
    expect(report).toContain('101 MB after 50 000 jobs');
  });
});
