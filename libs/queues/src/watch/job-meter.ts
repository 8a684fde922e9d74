import type { Counter, Histogram, Metrics } from '@angarium/observability';
import type { Job } from 'bullmq';
import { JobPriority } from '../queue-defaults.js';

/** How one try ended: `retried`, when another follows. */
export type TryOutcome = 'completed' | 'failed' | 'retried';

/** `critical`, `high` …; `other` for a number that has no name, because a metric must not have a series for each. */
const priorityNames = new Map<number, string>(Object.entries(JobPriority).map(([name, value]) => [value, name.toLowerCase()]));

/** Counts and times the jobs of one worker. */
export class JobMeter {
  private readonly total: Counter<'queue' | 'job' | 'status'>;
  private readonly duration: Histogram<'queue' | 'job' | 'outcome'>;
  private readonly wait: Histogram<'queue' | 'job' | 'priority'>;

  /** @param isKnown whether this system has jobs of a name; all others are one, since anybody may make names up. */
  constructor(
    metrics: Metrics,
    private readonly queue: string,
    private readonly isKnown: (jobName: string) => boolean,
  ) {
    this.total = metrics.counter('bull_jobs_total', 'Tries of jobs by how they ended; stalled: the worker was not heard of.', ['queue', 'job', 'status']);
    this.duration = metrics.duration('bull_job_duration_seconds', 'Time of one try of a job.', ['queue', 'job', 'outcome']);
    this.wait = metrics.duration('bull_job_wait_seconds', 'From a job being ready, which is added and its delay over, to its first begin.', ['queue', 'job', 'priority']);
  }

  /** A try begins. @returns what to call at its end. */
  begun(job: Job): (outcome: TryOutcome) => void {
    const labels = { queue: this.queue, job: this.isKnown(job.name) ? job.name : 'unknown' };
    const startedAt = performance.now();
    // clocks of two machines may differ by more than a job waits
    const priority = priorityNames.get(job.priority) ?? 'other';
    if (job.attemptsStarted <= 1) this.wait.observe({ ...labels, priority }, Math.max(0, Date.now() - job.timestamp - (job.opts.delay ?? 0)) / 1_000);
    return (outcome) => {
      this.total.inc({ ...labels, status: outcome });
      this.duration.observe({ ...labels, outcome }, (performance.now() - startedAt) / 1_000);
    };
  }

  /** A job was taken from a worker that is not heard of; which type it has is not known here. */
  stalled(): void {
    this.total.inc({ queue: this.queue, job: 'unknown', status: 'stalled' });
  }

  /** A job was ended without a try: too many workers died with it. */
  givenUp(jobName: string): void {
    this.total.inc({ queue: this.queue, job: this.isKnown(jobName) ? jobName : 'unknown', status: 'failed' });
  }
}
