import { SendBatchEmail, SendEmail, SendScheduledEmail } from '@angarium/contracts';
import type { JobContext, JobHandler } from '../job-worker.js';

/** Handlers of all jobs of queue `email`, as a worker has to have them: one that is given, and others that nothing is sent to. For tests. */
export function emailHandlers(handle: (to: string[], context: JobContext) => Promise<unknown>): JobHandler[] {
  const sendEmail: JobHandler<typeof SendEmail> = { contract: SendEmail, handle: ({ to }, context) => handle(to, context) };
  const unused = [SendBatchEmail, SendScheduledEmail].map((contract) => ({ contract, handle: () => Promise.reject(new Error(`nobody sends ${contract.name} here`)) }));
  return [sendEmail, ...unused];
}
