import { QueueErrors } from './errors.js';

/**
 * Gives work a deadline. The work is told by its signal; one that does not listen goes on unheard.
 * @throws JOB_TIMEOUT after `timeoutMs`.
 */
export async function withinTime<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = QueueErrors.JOB_TIMEOUT(`The job did not end within ${timeoutMs} ms.`);
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
