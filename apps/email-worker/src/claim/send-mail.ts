import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { composeMail, type ComposeLimits, type MailOrder } from '../compose/compose-mail.js';
import type { FetchStoredFile } from '../compose/fetch-stored-file.js';
import type { Mail } from '../compose/mail.js';
import type { DeliverMail } from '../deliver/deliver-mail.js';
import { refusalsOf } from '../deliver/mail-transport.js';
import { recipientsOf } from '../deliver/recipients-of.js';
import { EmailErrors } from '../errors.js';
import type { DeliveryMetrics } from '../report/delivery-metrics.js';
import type { OutcomeRecorder } from '../report/outcome-recorder.js';
import { addressKey } from '../report/recipient-key.js';
import { recipientResults } from '../report/recipient-results.js';
import type { SenderDirectory } from '../senders/sender.js';
import type { RenderTemplate } from '../templates/render-template.js';
import type { UnsubscribeLinks } from '../suppress/unsubscribe-links.js';
import type { ClaimDelivery } from './claim-delivery.js';
import { mailName, type ClaimedMail, type DeliveryRepository } from './delivery.repository.js';
import { JobProgress } from './job-progress.js';

/** What became of a mail that did not fail. */
export interface MailResult {
  readonly status: 'sent' | 'suppressed';
  readonly deliveryId: string;
  readonly messageId: string;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
}

/** What one mail needs to know of the job it is of. */
export interface MailContext {
  readonly jobId: string;
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly isLastAttempt: boolean;
  readonly signal: AbortSignal;
  /** One of many: the job may come again by itself although this mail ended. */
  readonly isPartOfBatch?: boolean;
  /** How long it may wait for its turn where the rate is used up. */
  readonly patienceMs: number;
  progress(percent: number): Promise<void>;
}

export interface SendMailParts {
  readonly claims: ClaimDelivery;
  readonly deliveries: Pick<DeliveryRepository, 'endAt'>;
  readonly senders: SenderDirectory;
  readonly deliver: DeliverMail;
  readonly recorder: OutcomeRecorder;
  readonly unsubscribe: UnsubscribeLinks;
  readonly limits: Omit<ComposeLimits, 'defaultFrom'>;
  readonly templates: Pick<RenderTemplate, 'run'>;
  readonly files: Pick<FetchStoredFile, 'run'>;
  readonly metrics: DeliveryMetrics;
  readonly logger: Logger;
}

/** What events can carry. */
const maxKeyLength = 200;

/**
 * One mail from order to outcome: claim → compose → deliver → report.
 *
 * The ledger row is written before the mail goes out and closed after it. Whoever comes again (a redelivered job, a second click on
 * "retry") finds the closed row and sends nothing. What is left is a process that dies between the server's 250 and the commit: the
 * mail then goes out again under the same Message-ID. A database that is away in that moment is waited for, not taken for a failure.
 * A server that leaves without an answer closes the row as `unknown`: it is sent again only if the order says so, or a person retries the job.
 */
export class SendMail {
  private readonly running = new Map<string, Promise<MailResult>>();

  constructor(private readonly parts: SendMailParts) {}

  /**
   * Two calls for one mail at a time send it once and get the same answer: a process that was too busy to renew the job's lock
   * is handed the job a second time, while the first mail is still on its way.
   * @throws EMAIL_INVALID, EMAIL_REFUSED, EMAIL_DEFERRED, EMAIL_OUTCOME_UNKNOWN, EMAIL_GIVEN_UP, EMAIL_RATE_LIMITED, SMTP_UNAVAILABLE, DATABASE_UNAVAILABLE …
   */
  run(order: MailOrder, context: MailContext): Promise<MailResult> {
    const name = mailName(context);
    const already = this.running.get(name);
    if (already !== undefined) {
      this.parts.logger.warn({ jobId: context.jobId }, 'job came again while its mail is on its way; nothing is sent a second time');
      return already;
    }
    const sending = this.sendOnce(order, context).finally(() => this.running.delete(name));
    this.running.set(name, sending);
    return sending;
  }

  private async sendOnce(order: MailOrder, context: MailContext): Promise<MailResult> {
    const { claims, recorder, senders, logger } = this.parts;
    const { tenant, idempotencyKey, attempt } = context;
    if (idempotencyKey.length > maxKeyLength) {
      throw EmailErrors.EMAIL_INVALID(`The idempotency key has ${idempotencyKey.length} characters; at most ${maxKeyLength} are allowed. Use a shorter one.`);
    }
    // a mail that went out here while Postgres was away: its row still says "claimed"
    await recorder.settled({ tenant, idempotencyKey });
    const domain = domainOf((await senders.find(tenant, undefined)).from.address);
    const delivery = await claims.claim({ tenant, idempotencyKey, attempt, domain, category: order.category, addressKeys: recipientsOf(order).map(addressKey) });
    if (delivery.status !== 'claimed') return this.answerAgain(delivery, context);
    const progress = new JobProgress((percent) => context.progress(percent), logger);
    try {
      return await this.send(order, delivery, context, progress);
    } catch (error) {
      const failure = verdictOf(toAngariumError(error), order);
      await this.reportFailure(failure, order, delivery, context);
      throw failure;
    } finally {
      progress.stop();
    }
  }

  private async send(order: MailOrder, delivery: ClaimedMail, context: MailContext, progress: JobProgress): Promise<MailResult> {
    const { senders, deliver, recorder, unsubscribe, limits, templates, files, metrics, logger } = this.parts;
    const { id: deliveryId, messageId, suppressed } = delivery;
    const { tenant, idempotencyKey, signal, patienceMs, jobId, attempt } = context;
    if (recipientsOf(order).every((address) => suppressed.has(addressKey(address)))) return this.suppress(order, delivery, context);
    progress.reached(10);
    const sender = await senders.find(tenant, order.from);
    const composed = await composeMail(order, messageId, { ...limits, defaultFrom: sender.from }, {
      render: (template) => templates.run(tenant, template),
      readFile: (fileId, field) => files.run(tenant, fileId, field),
    });
    const mail = { ...withoutSuppressed(composed, suppressed), ...unsubscribe.headersOf(order, { tenant, deliveryId }) };
    progress.reached(30);
    const result = await deliver.send(sender, mail, { signal, patienceMs });
    metrics.count(result.rejectedCount > 0 ? 'partly-sent' : 'sent');
    progress.reached(80);
    const recipients = recipientResults({ deliveryId, ordered: recipientsOf(order), told: recipientsOf(mail), refusals: result.refusals, rest: 'accepted' });
    const { acceptedCount, rejectedCount } = result;
    await recorder.recordSent({ ...result, recipients, deliveryId, messageId, tenant, idempotencyKey, at: new Date() });
    progress.reached(100);
    logger.info({ deliveryId, jobId, attempt, acceptedCount, rejectedCount }, 'mail sent');
    return { status: 'sent', deliveryId, messageId, acceptedCount, rejectedCount };
  }

  private async suppress(order: MailOrder, { id: deliveryId, messageId }: ClaimedMail, context: MailContext): Promise<MailResult> {
    const { recorder, metrics, logger } = this.parts;
    const { tenant, idempotencyKey, jobId } = context;
    metrics.count('suppressed');
    const recipients = recipientResults({ deliveryId, ordered: recipientsOf(order), told: [], refusals: [], rest: 'open' });
    await recorder.recordSuppressed({ deliveryId, tenant, idempotencyKey, recipients, lastAttempt: lastAttemptOf(context), at: new Date() });
    logger.info({ deliveryId, jobId }, 'mail not sent: every recipient is on the suppression list');
    return { status: 'suppressed', deliveryId, messageId, acceptedCount: 0, rejectedCount: 0 };
  }

  /** Closes the row when no try will follow; an outage is no failure of the mail, however often it is met. */
  private async reportFailure(error: AngariumError, order: MailOrder, { id: deliveryId, suppressed }: ClaimedMail, context: MailContext): Promise<void> {
    const { recorder, metrics, logger } = this.parts;
    metrics.count(error.code);
    const isOver = error.retry === 'never' || (error.retry === 'later' && context.isLastAttempt);
    if (!isOver) return;
    const ordered = recipientsOf(order);
    const told = ordered.filter((address) => !suppressed.has(addressKey(address)));
    const recipients = recipientResults({ deliveryId, ordered, told, refusals: refusalsOf(error.details), rest: 'open' });
    const status = EmailErrors.EMAIL_OUTCOME_UNKNOWN.is(error) ? 'unknown' : 'failed';
    const { tenant, idempotencyKey, jobId, attempt } = context;
    const lastAttempt = lastAttemptOf(context);
    await recorder.recordFailed({ deliveryId, tenant, idempotencyKey, status, code: error.code, reason: error.message, recipients, lastAttempt, at: new Date() });
    logger.warn({ deliveryId, jobId, attempt, failure: error.code }, status === 'unknown' ? 'nobody knows whether the mail went out; it is held' : 'mail given up');
  }

  /** What was decided before stays decided. @throws EMAIL_GIVEN_UP, EMAIL_OUTCOME_UNKNOWN */
  private async answerAgain(delivery: ClaimedMail, context: MailContext): Promise<MailResult> {
    const { id: deliveryId, messageId, status, acceptedCount, rejectedCount, lastError } = delivery;
    const { metrics, logger, deliveries } = this.parts;
    if (status === 'sent' || status === 'suppressed') {
      metrics.count('repeated');
      logger.info({ deliveryId, jobId: context.jobId, status }, 'mail was decided before; nothing is sent again');
      return { status, deliveryId, messageId, acceptedCount, rejectedCount };
    }
    // the job ends here: the next attempt is a person's. In a batch the batch says so, when it ends
    if (context.isPartOfBatch !== true) await deliveries.endAt(context.attempt, context.tenant, [context.idempotencyKey]);
    const reason = `(${lastError ?? 'reason not kept'})`;
    if (status === 'unknown') throw EmailErrors.EMAIL_OUTCOME_UNKNOWN(`Nobody knows whether this mail went out ${reason}. Retry the job to send it once more, with the same Message-ID.`);
    throw EmailErrors.EMAIL_GIVEN_UP(`This mail failed for good ${reason} and stays so. Retry its job, or order it again under a new idempotency key.`);
  }
}

/** Of an unknown outcome the order says whether it is tried again; of everything else the error does. */
function verdictOf(error: AngariumError, { ifUnknown }: MailOrder): AngariumError {
  if (!EmailErrors.EMAIL_OUTCOME_UNKNOWN.is(error) || ifUnknown !== 'repeat') return error;
  return EmailErrors.EMAIL_OUTCOME_UNKNOWN(error.message, { retry: 'later', details: error.details, cause: error });
}

/** The last attempt that comes by itself: of a job that ran out of time, and of a mail in a batch, more come after this one. */
function lastAttemptOf({ attempt, maxAttempts, signal, isPartOfBatch }: MailContext): number {
  return isPartOfBatch === true || signal.aborted ? Math.max(attempt, maxAttempts) : attempt;
}

function withoutSuppressed(mail: Mail, suppressed: ReadonlySet<string>): Mail {
  if (suppressed.size === 0) return mail;
  const open = (addresses: readonly string[]) => addresses.filter((address) => !suppressed.has(addressKey(address)));
  return { ...mail, to: open(mail.to), cc: open(mail.cc), bcc: open(mail.bcc) };
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
