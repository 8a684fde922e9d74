import { SendEmail, type PayloadOf } from '@angarium/contracts';
import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { JobContext, JobHandler } from '@angarium/queues';
import { composeMail, type ComposeLimits } from '../compose/compose-mail.js';
import type { FetchStoredFile } from '../compose/fetch-stored-file.js';
import type { DeliveryResult, MailTransport } from '../deliver/mail-transport.js';
import { EmailErrors } from '../errors.js';
import type { RenderTemplate } from '../templates/render-template.js';
import type { DeliveryMetrics } from '../report/delivery-metrics.js';
import type { OutcomeRecorder } from '../report/outcome-recorder.js';
import type { ClaimDelivery } from './claim-delivery.js';
import { mailName, type Delivery } from './delivery.repository.js';
import { JobProgress } from './job-progress.js';

/** What the job answers with. */
export interface SentMail extends DeliveryResult {
  readonly deliveryId: string;
  readonly messageId: string;
}

/** What events can carry. */
const maxKeyLength = 200;

export interface SendEmailParts {
  readonly claims: ClaimDelivery;
  readonly transport: MailTransport;
  readonly recorder: OutcomeRecorder;
  readonly limits: ComposeLimits;
  readonly templates: Pick<RenderTemplate, 'run'>;
  readonly files: Pick<FetchStoredFile, 'run'>;
  readonly metrics: DeliveryMetrics;
  readonly logger: Logger;
}

/**
 * One mail from order to outcome: claim → compose → deliver → report.
 *
 * The ledger row is written before the mail goes out and closed after it. Whoever comes again (a redelivered job, a second click on
 * "retry") finds the closed row and sends nothing. What is left is a process that dies between the server's 250 and the commit: the
 * mail then goes out again under the same Message-ID. A database that is away in that moment is waited for, not taken for a failure.
 */
export class SendEmailHandler implements JobHandler<typeof SendEmail> {
  readonly contract = SendEmail;

  private readonly running = new Map<string, Promise<SentMail>>();

  constructor(private readonly parts: SendEmailParts) {}

  /**
   * Two calls for one mail at a time send it once and get the same answer: a process that was too busy to renew the job's lock
   * is handed the job a second time, while the first mail is still on its way.
   * @throws EMAIL_INVALID, EMAIL_REFUSED, EMAIL_DEFERRED, EMAIL_OUTCOME_UNKNOWN, EMAIL_GIVEN_UP, SMTP_UNAVAILABLE, DATABASE_UNAVAILABLE …
   */
  handle(order: PayloadOf<typeof SendEmail>, context: JobContext): Promise<SentMail> {
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

  private async sendOnce(order: PayloadOf<typeof SendEmail>, context: JobContext): Promise<SentMail> {
    const { claims, recorder, limits, logger } = this.parts;
    const { tenant, idempotencyKey, attempt } = context;
    if (idempotencyKey.length > maxKeyLength) {
      throw EmailErrors.EMAIL_INVALID(`The idempotency key has ${idempotencyKey.length} characters; at most ${maxKeyLength} are allowed. Use a shorter one.`);
    }
    // a mail that went out here while Postgres was away: its row still says "claimed"
    await recorder.settled({ tenant, idempotencyKey });
    const delivery = await claims.claim({ tenant, idempotencyKey, attempt, domain: domainOf(limits.defaultFrom.address) });
    if (delivery.status === 'sent') return this.answerAgain(delivery, context);
    if (delivery.status === 'failed') {
      throw EmailErrors.EMAIL_GIVEN_UP(`This mail failed for good (${delivery.lastError ?? 'unknown'}) and stays so. Order it again under a new idempotency key.`);
    }
    const progress = new JobProgress((percent) => context.progress(percent), logger);
    try {
      return await this.send(order, delivery, context, progress);
    } catch (error) {
      await this.reportFailure(toAngariumError(error), delivery, context);
      throw error;
    } finally {
      progress.stop();
    }
  }

  private async send(order: PayloadOf<typeof SendEmail>, { id, messageId }: Delivery, context: JobContext, progress: JobProgress): Promise<SentMail> {
    const { transport, recorder, limits, templates, files, metrics, logger } = this.parts;
    progress.reached(10);
    const mail = await composeMail(order, messageId, limits, {
      render: (template) => templates.run(context.tenant, template),
      readFile: (fileId, field) => files.run(context.tenant, fileId, field),
    });
    progress.reached(30);
    const result = await transport.send(mail, context.signal);
    metrics.count(result.rejectedCount > 0 ? 'partly-sent' : 'sent');
    progress.reached(80);
    await recorder.recordSent({ ...result, deliveryId: id, messageId, tenant: context.tenant, idempotencyKey: context.idempotencyKey, at: new Date() });
    progress.reached(100);
    const { acceptedCount, rejectedCount } = result;
    logger.info({ deliveryId: id, jobId: context.jobId, attempt: context.attempt, acceptedCount, rejectedCount }, 'mail sent');
    return { deliveryId: id, messageId, ...result };
  }

  /** Closes the row when no try will follow; an outage is no failure of the mail, however often it is met. */
  private async reportFailure(error: AngariumError, delivery: Delivery, context: JobContext): Promise<void> {
    const { recorder, metrics, logger } = this.parts;
    metrics.count(error.code);
    const isOver = error.retry === 'never' || (error.retry === 'later' && context.isLastAttempt);
    if (!isOver) return;
    const { tenant, idempotencyKey } = context;
    await recorder.recordFailed({ deliveryId: delivery.id, tenant, idempotencyKey, code: error.code, reason: error.message, at: new Date() });
    logger.warn({ deliveryId: delivery.id, jobId: context.jobId, attempt: context.attempt, failure: error.code }, 'mail given up');
  }

  private answerAgain({ id, messageId, acceptedCount, rejectedCount }: Delivery, context: JobContext): SentMail {
    this.parts.metrics.count('repeated');
    this.parts.logger.info({ deliveryId: id, jobId: context.jobId }, 'mail was sent before; nothing is sent again');
    return { deliveryId: id, messageId, acceptedCount, rejectedCount };
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
