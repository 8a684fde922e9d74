import { defineErrors } from '@angarium/errors';

export const QueueErrors = defineErrors({
  JOB_HANDLERS_WRONG: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A job type has no handler, or more than one.',
    cure: 'Register exactly one handler for every job type of the queue.',
  },
  JOB_UNKNOWN: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The queue has no job of this type.',
    cure: 'Declare it in libs/contracts/src/jobs and handle it in the worker of its queue.',
  },
  JOB_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'The queue has no job with this id.',
    cure: 'Check the id. Jobs that ended are kept for a time: completed ones a day or 1 000, failed ones 7 days.',
  },
  JOB_STATE_WRONG: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'The job is in a state in which this cannot be done.',
    cure: 'See what details.state says: only failed jobs can be retried, and a job that is being done cannot be removed.',
  },
  JOB_TIMEOUT: {
    status: 504,
    blame: 'us',
    retry: 'later',
    summary: 'The job took longer than its contract allows.',
    cure: 'It is tried again; if it stays, raise timeoutMs of the contract or find what is slow.',
  },
  JOB_SEAL_KEYS_MISSING: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A part of the job is sealed while it waits, and the service has no key for it.',
    cure: 'Set SEAL_KEYS of the service to the same value as everywhere.',
  },
  QUEUE_UNKNOWN: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'No queue has this name.',
    cure: 'Use one of those that the message lists; GET /queues/status shows them.',
  },
});
