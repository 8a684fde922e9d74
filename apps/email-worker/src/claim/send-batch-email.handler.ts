import { SendBatchEmail, type PayloadOf } from '@angarium/contracts';
import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { JobContext, JobHandler } from '@angarium/queues';
import { EmailErrors } from '../errors.js';
import type { DeliveryRepository } from './delivery.repository.js';
import { JobProgress } from './job-progress.js';
import type { SendMail } from './send-mail.js';

/** One mail of the batch; never an address. */
export interface BatchItem {
  readonly index: number;
  readonly status: 'sent' | 'failed' | 'suppressed' | 'unknown';
  readonly deliveryId?: string;
  /** Why it failed. */
  readonly code?: string;
}

/** What the job answers with. */
export interface BatchResult {
  readonly total: number;
  readonly sent: number;
  readonly failed: number;
  readonly suppressed: number;
  readonly unknown: number;
  readonly results: readonly BatchItem[];
}

/** A mail that is not decided yet, and the failure that says when it may be. */
interface OpenItem {
  readonly index: number;
  readonly error: AngariumError;
}

/** A mail of a batch waits this long for its turn; above that, the batch is put back. */
const PATIENCE_MS = 5_000;
/** A batch that was interrupted by a stopping worker comes again after this, at another one. */
const HAND_OVER_MS = 100;
/** What `#999` takes of the 200 characters of a mail's key. */
const MAX_KEY_LENGTH = 196;

export interface SendBatchParts {
  readonly mail: Pick<SendMail, 'run'>;
  readonly deliveries: Pick<DeliveryRepository, 'endAt'>;
  /** Mails of one batch at a time. */
  readonly concurrency: number;
  readonly logger: Logger;
}

/**
 * Many mails in one job, a few at a time, each under the key `<key of the batch>#<index>`: a batch that comes again, after a crash or
 * because some mails were deferred, finds the others in the ledger and sends only what is open.
 *
 * A mail that fails for good spares the rest. One that may pass later is left open until all were tried; then the whole batch comes
 * again, and on its last attempt what is still open is failed. An outage of what all depend on puts the batch back at no attempt.
 */
export class SendBatchEmailHandler implements JobHandler<typeof SendBatchEmail> {
  readonly contract = SendBatchEmail;
  private isStopping = false;

  constructor(private readonly parts: SendBatchParts) {}

  /** Batches end after the mails that are on their way, and are handed over. Idempotent. */
  stop(): void {
    this.isStopping = true;
  }

  /** @throws EMAIL_BATCH_UNFINISHED while some are open; EMAIL_INVALID; DATABASE_UNAVAILABLE, SMTP_UNAVAILABLE … in an outage. */
  async handle({ emails }: PayloadOf<typeof SendBatchEmail>, context: JobContext): Promise<BatchResult> {
    if (context.idempotencyKey.length > MAX_KEY_LENGTH) {
      throw EmailErrors.EMAIL_INVALID(`The idempotency key has ${context.idempotencyKey.length} characters; a batch may have ${MAX_KEY_LENGTH}. Use a shorter one.`);
    }
    const items: BatchItem[] = [];
    const open: OpenItem[] = [];
    const progress = new JobProgress((percent) => context.progress(percent), this.parts.logger);
    let next = 0;
    let outage: AngariumError | undefined;
    const work = async () => {
      while (next < emails.length && outage === undefined && !this.isStopping && !context.signal.aborted) {
        const index = next++;
        const order = emails[index];
        if (order === undefined) return;
        const ended = await this.sendOne(order, index, context);
        if ('error' in ended) {
          open.push(ended);
          if (ended.error.retry === 'when-available') outage = ended.error;
        } else items.push(ended);
        progress.reached(Math.min(99, Math.floor((100 * (items.length + open.length)) / emails.length)));
      }
    };
    try {
      await Promise.all(Array.from({ length: this.parts.concurrency }, work));
    } finally {
      progress.stop();
    }
    context.signal.throwIfAborted();
    if (outage !== undefined) throw outage;
    if (next < emails.length) throw unfinished(emails.length - items.length, 'the worker stops and another one goes on', { afterMs: HAND_OVER_MS });
    requireNoneOpen(open);
    progress.reached(100);
    const result = summarize(items.sort((a, b) => a.index - b.index));
    await this.parts.deliveries.endAt(context.attempt, context.tenant, keysOfUnsent(result, context.idempotencyKey));
    const { total, sent, failed, suppressed, unknown } = result;
    this.parts.logger.info({ jobId: context.jobId, attempt: context.attempt, total, sent, failed, suppressed, unknown }, 'batch done');
    return result;
  }

  private async sendOne(order: PayloadOf<typeof SendBatchEmail>['emails'][number], index: number, context: JobContext): Promise<BatchItem | OpenItem> {
    const idempotencyKey = `${context.idempotencyKey}#${index}`;
    const silent = () => Promise.resolve();
    try {
      const { status, deliveryId } = await this.parts.mail.run(order, { ...context, idempotencyKey, isPartOfBatch: true, patienceMs: PATIENCE_MS, progress: silent });
      return { index, status, deliveryId };
    } catch (thrown) {
      const error = toAngariumError(thrown);
      const isOver = error.retry === 'never' || (error.retry === 'later' && context.isLastAttempt);
      if (!isOver) return { index, error };
      return { index, status: EmailErrors.EMAIL_OUTCOME_UNKNOWN.is(error) ? 'unknown' : 'failed', code: error.code };
    }
  }
}

/** @throws EMAIL_BATCH_UNFINISHED: soon and at no attempt where only the rates were used up, else as a failure that may pass. */
function requireNoneOpen(open: readonly OpenItem[]): void {
  if (open.length === 0) return;
  const waits = open.map(({ error }) => error.retry);
  const longest = Math.max(...waits.map((wait) => (typeof wait === 'object' ? wait.afterMs : 0)));
  const isOnlyWaiting = waits.every((wait) => typeof wait === 'object');
  const codes = [...new Set(open.map(({ error }) => error.code))].join(', ');
  throw unfinished(open.length, codes, isOnlyWaiting ? { afterMs: longest } : 'later');
}

function unfinished(count: number, why: string, retry: 'later' | { afterMs: number }) {
  return EmailErrors.EMAIL_BATCH_UNFINISHED(`${count} mails of the batch are open (${why}); the others are done.`, { retry });
}

function summarize(results: readonly BatchItem[]): BatchResult {
  const count = (status: BatchItem['status']) => results.filter((it) => it.status === status).length;
  return { total: results.length, sent: count('sent'), failed: count('failed'), suppressed: count('suppressed'), unknown: count('unknown'), results };
}

function keysOfUnsent({ results }: BatchResult, key: string): string[] {
  return results.filter(({ status }) => status !== 'sent').map(({ index }) => `${key}#${index}`);
}
