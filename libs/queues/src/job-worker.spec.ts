import { SendBatchEmail, SendEmail, SendScheduledEmail, SendSms } from '@angarium/contracts';
import { Metrics, silentLogger } from '@angarium/observability';
import { JobWorker, type JobHandler } from './job-worker.js';

const handlerOf = (contract: JobHandler['contract']): JobHandler => ({ contract, handle: () => Promise.resolve() });
const all = [SendEmail, SendBatchEmail, SendScheduledEmail].map(handlerOf);
/** Nothing listens there: it is refused before it connects to anything. */
const worker = (handlers: readonly JobHandler[]) => () =>
  new JobWorker({ queue: 'email', handlers, concurrency: 1, redisUrl: 'redis://127.0.0.1:1', logger: silentLogger, metrics: new Metrics('test', false) });
const faultsOf = (handlers: readonly JobHandler[]) => {
  try {
    worker(handlers)();
  } catch (error) {
    return error as { code: string; details: { faults: string[] } };
  }
  throw new Error('it was taken');
};

describe('a worker of a queue is not made', () => {
  it('when a job type has no handler, and says which', () => {
    expect(faultsOf(all.slice(1))).toMatchObject({ code: 'JOB_HANDLERS_WRONG', details: { faults: ['send-email has no handler'] } });
  });

  it('when a job type has two', () => {
    expect(faultsOf([...all, handlerOf(SendEmail)])).toMatchObject({ code: 'JOB_HANDLERS_WRONG', details: { faults: ['send-email has two handlers'] } });
  });

  it('when a handler is for a job of another queue', () => {
    expect(faultsOf([...all, handlerOf(SendSms)])).toMatchObject({ code: 'JOB_HANDLERS_WRONG', details: { faults: ['send-sms is no job of queue email'] } });
  });

  it('without naming all that is wrong at once', () => {
    expect(faultsOf([handlerOf(SendSms)]).details.faults).toHaveLength(4);
  });
});
