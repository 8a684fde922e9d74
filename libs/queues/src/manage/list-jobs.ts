import type { Job, JobType, Queue } from 'bullmq';
import type { JobState } from './queue-view.js';

/** Where BullMQ keeps what is in a state, in the order in which it is shown: what is taken next, or what ended last, comes first. */
const places: Readonly<Record<JobState, { readonly types: readonly JobType[]; readonly oldestFirst: boolean }>> = {
  // a free worker takes the list first, then the sorted set
  waiting: { types: ['wait', 'prioritized', 'waiting-children'], oldestFirst: true },
  active: { types: ['active'], oldestFirst: true },
  delayed: { types: ['delayed'], oldestFirst: true },
  completed: { types: ['completed'], oldestFirst: false },
  failed: { types: ['failed'], oldestFirst: false },
};

/**
 * The jobs of a state from `start` to `end` (both included, from 0). BullMQ itself would cut each of several places at these numbers and put
 * the pieces in a row. Reads as many ids as asked for, whatever waits.
 * Jobs come one by one: each may hold megabytes, and what is shown of it is small.
 */
export async function* listJobs(queue: Queue, state: JobState, start: number, end: number): AsyncGenerator<Job> {
  const { types, oldestFirst } = places[state];
  const counts = await queue.getJobCounts(...types);
  let before = 0;
  for (const type of types) {
    const count = counts[type] ?? 0;
    const [first, last] = [Math.max(0, start - before), Math.min(count - 1, end - before)];
    before += count;
    if (first > last) continue;
    for (const id of await queue.getRanges([type], first, last, oldestFirst)) {
      const job: Job | undefined = await queue.getJob(id);
      // it may have ended and been cleaned since its id was read
      if (job !== undefined) yield job;
    }
  }
}
