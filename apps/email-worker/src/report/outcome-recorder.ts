import { EmailFailed, EmailSent, EmailSuppressed, type EncodedEvent } from '@angarium/contracts';
import { DatabaseErrors } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { encodeEvent, type Source } from '@angarium/transport';
import type { EndedRow, SentRow } from './outcome.js';
import { OutcomeWriter, type OutcomeWriterOptions } from './outcome-writer.js';

/** How long a job is held back while its outcome cannot be written; below the 60 s that the job may take. */
const HOLD_MS = 40_000;
/** The job comes again after this; the outcome is still being written meanwhile. */
const COME_BACK_MS = 5_000;

/** Names a mail. */
export interface MailKey {
  readonly tenant: string;
  readonly idempotencyKey: string;
}
export type SentOutcome = SentRow & MailKey & { readonly messageId: string };
export type FailedOutcome = EndedRow & MailKey & { readonly status: 'failed' | 'unknown'; readonly at: Date };
export type SuppressedOutcome = Omit<EndedRow, 'status' | 'code' | 'reason'> & MailKey & { readonly at: Date };

export interface OutcomeRecorderOptions extends OutcomeWriterOptions {
  readonly source: Source;
  readonly logger: Logger;
  /** How long a caller waits. Default 40 000 ms. */
  readonly holdMs?: number;
}

/**
 * Writes what became of a mail, and does not let go of it.
 *
 * After the server's 250 the ledger is the only thing that keeps the mail from going out twice, so a Postgres that is away is waited for:
 * each outcome is **open** from its first try until its commit, tried again with short pauses, and a job that comes again meanwhile
 * waits for it instead of sending. Ends with `stop()`: what is open then is forgotten, and the mail goes out again (same Message-ID).
 */
export class OutcomeRecorder {
  private readonly open = new Map<string, Promise<void>>();
  private readonly writer: OutcomeWriter;

  constructor(private readonly options: OutcomeRecorderOptions) {
    this.writer = new OutcomeWriter(options);
  }

  /** Resolves after the commit. @throws DATABASE_UNAVAILABLE after 40 s; it goes on trying all the same. */
  async recordSent(outcome: SentOutcome): Promise<void> {
    const { deliveryId, idempotencyKey, messageId, acceptedCount, rejectedCount, at, tenant } = outcome;
    const payload = { deliveryId, idempotencyKey, messageId, acceptedCount, rejectedCount, sentAt: at.toISOString() };
    await this.record(outcome, outcome, encodeEvent(EmailSent, payload, this.options.source, { tenant }));
  }

  /** As `recordSent`, for a mail that was given up, or of which nobody knows whether it went out. */
  async recordFailed(outcome: FailedOutcome): Promise<void> {
    const { deliveryId, idempotencyKey, code, reason, at, tenant } = outcome;
    const payload = { deliveryId, idempotencyKey, code, reason: reason.slice(0, 500), failedAt: at.toISOString() };
    await this.record(outcome, outcome, encodeEvent(EmailFailed, payload, this.options.source, { tenant }));
  }

  /** As `recordSent`, for a mail whose recipients are all on the suppression list. */
  async recordSuppressed(outcome: SuppressedOutcome): Promise<void> {
    const { deliveryId, idempotencyKey, recipients, lastAttempt, at, tenant } = outcome;
    const payload = { deliveryId, idempotencyKey, recipientCount: recipients.length, suppressedAt: at.toISOString() };
    const reason = 'every recipient is on the suppression list';
    const row: EndedRow = { deliveryId, status: 'suppressed', code: 'suppressed', reason, recipients, lastAttempt };
    await this.record(outcome, row, encodeEvent(EmailSuppressed, payload, this.options.source, { tenant }));
  }

  /** Resolves when no outcome of this mail is open; at once in all but the rarest cases. @throws DATABASE_UNAVAILABLE as `recordSent`. */
  async settled(key: MailKey): Promise<void> {
    const open = this.open.get(nameOf(key));
    if (open !== undefined) await this.holdFor(open);
  }

  /** Nothing is tried again; jobs that wait are given back. Idempotent. */
  stop(): void {
    this.writer.stop();
  }

  private record(key: MailKey, row: SentRow | EndedRow, event: EncodedEvent): Promise<void> {
    const name = nameOf(key);
    const stopped = () => this.notWritten('before the worker stopped');
    const written = this.writer.write({ row, event }, stopped).finally(() => this.open.delete(name));
    written.catch(ignoreError(this.options.logger, 'outcome-recorder.record', 'told to whoever still waits for it'));
    this.open.set(name, written);
    return this.holdFor(written);
  }

  /** Waits at most `holdMs`; the writing itself goes on. */
  private async holdFor(written: Promise<void>): Promise<void> {
    const { holdMs = HOLD_MS } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.notWritten(`within ${holdMs} ms`)), holdMs);
    });
    try {
      await Promise.race([written, overdue]);
    } finally {
      clearTimeout(timer);
    }
  }

  private notWritten(when: string) {
    const message = `The outcome of the mail could not be written ${when}. The job comes again; its mail may have gone out already, and then keeps its Message-ID.`;
    return DatabaseErrors.DATABASE_UNAVAILABLE(message, { retry: { afterMs: COME_BACK_MS } });
  }
}

function nameOf({ tenant, idempotencyKey }: MailKey): string {
  return JSON.stringify([tenant, idempotencyKey]);
}
