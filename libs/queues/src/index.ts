export { QueueErrors } from './errors.js';
export { JobWorker } from './job-worker.js';
export type { JobContext, JobHandler, JobWorkerOptions } from './job-worker.js';
export { defaultJobOptions, defaultLimiter, JobDelay, jobIdOf, JobPriority, queuePrefix } from './queue-defaults.js';
export { QueueService } from './queue-service.js';
export type { JobOptions, JobReference, QueueOptions } from './queue-service.js';
export { QueuesModule } from './queues.module.js';
export { showPayload } from './show-payload.js';
