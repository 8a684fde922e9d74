import { SendEmail, type PayloadOf } from '@angarium/contracts';
import type { JobContext, JobHandler } from '@angarium/queues';
import type { MailResult, SendMail } from './send-mail.js';

/** A single mail gives its place in the queue to another one at once when it is not its turn. */
export const SINGLE_PATIENCE_MS = 0;

/** One job, one mail. */
export class SendEmailHandler implements JobHandler<typeof SendEmail> {
  readonly contract = SendEmail;

  constructor(private readonly mail: SendMail) {}

  /** @throws as SendMail.run */
  handle(order: PayloadOf<typeof SendEmail>, context: JobContext): Promise<MailResult> {
    return this.mail.run(order, { ...context, progress: (percent) => context.progress(percent), patienceMs: SINGLE_PATIENCE_MS });
  }
}
