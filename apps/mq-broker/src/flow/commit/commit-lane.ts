import type { Sql } from '@angarium/database';
import { AngariumError, describeError, SharedErrors } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { BatchLane } from '../batch-lane.js';
import { MqErrors } from '../../errors.js';
import { passFaultPoint } from '../fault-point.js';
import { commitMessages } from './commit.repository.js';
import { ensureDays, isDayMissing } from './message-days.js';
import type { Committed, NewMessage } from './new-message.js';

const MAX_BATCH_BYTES = 4 * 1024 * 1024;

export interface CommitLaneOptions {
  readonly sql: Sql;
  readonly logger: Logger;
  readonly maxBatchCount: number;
  /** Waited for before each batch, where it has something to wait for: what is behind commit has too much to do. */
  readonly relief?: () => Promise<void> | undefined;
  /** Hears of every message that was stored, before its publisher does. Must not throw. */
  readonly onCommitted: (stored: readonly Committed[], tookMs: number) => void;
}

/**
 * Makes messages durable: the publishes that arrive while a batch is being written form the next batch, so all of them share
 * one round trip and one fsync. Acknowledged means committed.
 */
export class CommitLane {
  private readonly lane: BatchLane<NewMessage, Committed>;

  constructor(private readonly options: CommitLaneOptions) {
    this.lane = new BatchLane({
      run: (messages) => this.commitBatch(messages),
      maxCount: options.maxBatchCount,
      overlapFrom: Math.ceil(options.maxBatchCount / 4),
      maxWeight: MAX_BATCH_BYTES,
      weigh: (message) => message.payloadSize,
      // Postgres refused something in the batch: whose it was shows when each goes alone
      mayBlameOne: (error) => error instanceof AngariumError && (error.blame === 'caller' || !(error.cause instanceof AngariumError)),
    });
  }

  /**
   * Resolves when the messages are committed, all in one transaction.
   * @throws MQ_PUBLISH_FAILED when Postgres did not say so: they may be stored or not, and can be sent again under their ids.
   */
  commit(messages: readonly NewMessage[]): Promise<Committed[]> {
    return this.lane.add(messages);
  }

  /** Resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.lane.idle();
  }

  private async commitBatch(messages: readonly NewMessage[]): Promise<Committed[]> {
    await this.options.relief?.();
    const started = performance.now();
    const { unique, indexOf } = withoutRepeats(messages);
    const committed = await this.store(unique);
    passFaultPoint('committed');
    const stored = committed.filter(({ outcome }) => outcome === 'stored');
    if (stored.length > 0) this.options.onCommitted(stored, performance.now() - started);
    return messages.map((message, at) => {
      const result = committed[indexOf[at] ?? at];
      if (result === undefined) throw new RangeError('a message without a result');
      return result.message === message ? result : { ...result, message, outcome: result.outcome === 'gone' ? 'gone' : 'duplicate' };
    });
  }

  private async store(messages: readonly NewMessage[]): Promise<Committed[]> {
    try {
      return await commitMessages(this.options.sql, messages);
    } catch (error) {
      if (isDayMissing(error)) {
        await ensureDays(this.options.sql).catch((failure: unknown) => Promise.reject(failed(failure)));
        return await commitMessages(this.options.sql, messages).catch((failure: unknown) => Promise.reject(failed(failure)));
      }
      this.options.logger.warn({ reason: describeError(error), count: messages.length }, 'a batch of messages was not committed');
      throw failed(error);
    }
  }
}

function failed(cause: unknown): AngariumError {
  // it will never fit, and its publisher is told what does not
  if (SharedErrors.INVALID_INPUT.is(cause)) return cause;
  return MqErrors.MQ_PUBLISH_FAILED(undefined, { cause });
}

/** One statement cannot store one message id twice; the second gets what became of the first. */
function withoutRepeats(messages: readonly NewMessage[]): { readonly unique: NewMessage[]; readonly indexOf: readonly number[] } {
  const seen = new Map<string, number>();
  const unique: NewMessage[] = [];
  const indexOf = messages.map((message) => {
    const name = message.dedupWindowMs === null ? undefined : `${message.topicId} ${message.messageId}`;
    const known = name === undefined ? undefined : seen.get(name);
    if (known !== undefined) return known;
    if (name !== undefined) seen.set(name, unique.length);
    return unique.push(message) - 1;
  });
  return { unique, indexOf };
}
