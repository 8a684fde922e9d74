import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { StreamEntry } from '../stream-operations.js';
import { type StreamCallback, toStreamMessage } from './stream-message.js';

/** Calls back with one message and waits for its end. Never rejects: a failure is logged. @returns whether it succeeded. */
export async function handOver(callback: StreamCallback, entry: StreamEntry, where: { readonly stream: string; readonly group?: string }, log: Logger): Promise<boolean> {
  const message = await toStreamMessage(where.stream, entry, log);
  try {
    await callback(message);
    return true;
  } catch (error) {
    log.error({ ...where, messageId: entry.id, reason: describeError(error) }, 'Message callback failed');
    return false;
  }
}
