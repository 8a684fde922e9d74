import type { JobsOptions } from 'bullmq';

/** 1 is taken first. */
export const JobPriority = { CRITICAL: 1, HIGH: 3, NORMAL: 5, LOW: 7, BACKGROUND: 10 } as const;
export type JobPriority = (typeof JobPriority)[keyof typeof JobPriority];

/** Milliseconds. */
export const JobDelay = { IMMEDIATE: 0, SHORT: 5_000, MEDIUM: 30_000, LONG: 300_000, VERY_LONG: 1_800_000 } as const;

const DAY_S = 24 * 3600;

/** What every job has unless its caller says otherwise. */
export const defaultJobOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2_000 },
  removeOnComplete: { age: DAY_S, count: 1_000 },
  removeOnFail: { age: 7 * DAY_S },
  priority: JobPriority.NORMAL,
} as const satisfies JobsOptions;

/** At most so many jobs of one queue are begun in a second, over all replicas. */
export const defaultLimiter = { max: 100, duration: 1_000 };

const SMOOTH_WINDOW_MS = 50;

/**
 * The same rate in windows of about 50 ms, where it is at least one job in each: a full window then holds nobody back for a second, and the
 * jobs of a second do not all begin in its first moment. Never above the rate that was given. Pure.
 */
export function smoothLimiter({ max, duration }: { readonly max: number; readonly duration: number }): { max: number; duration: number } {
  const part = Math.floor((max * SMOOTH_WINDOW_MS) / duration);
  return part < 1 ? { max, duration } : { max: part, duration: Math.ceil((part * duration) / max) };
}

/** BullMQ puts `prefix:queue:…`; the braces keep all queues in one slot of a Redis Cluster. */
export function queuePrefix(namespace: string): string {
  return `${namespace}:{queues}`;
}

/** Keys that BullMQ puts beside the jobs of a queue: a job of this id would overwrite one, and the queue would be broken. */
const bullKeys = new Set([
  ...['active', 'wait', 'waiting-children', 'paused', 'id', 'delayed', 'prioritized', 'stalled-check', 'completed', 'failed'],
  ...['stalled', 'repeat', 'limiter', 'meta', 'events', 'pc', 'marker', 'de', 'metrics'],
]);

/** A job id made from an idempotency key. BullMQ forbids colons in ids and ids that are numbers, and has names of its own. Pure. */
export function jobIdOf(idempotencyKey: string): string {
  const id = idempotencyKey.replaceAll(':', '|');
  return bullKeys.has(id) || /^-?\d*(\.\d+)?$/.test(id) ? `key|${id}` : id;
}
