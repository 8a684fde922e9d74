import { SendScheduledEmail, type PayloadOf } from '@angarium/contracts';
import type { JobContext, JobHandler } from '@angarium/queues';
import { SINGLE_PATIENCE_MS } from './send-email.handler.js';
import type { MailResult, SendMail } from './send-mail.js';

/** A mail whose time has come: the queue held the job back until then. */
export class SendScheduledEmailHandler implements JobHandler<typeof SendScheduledEmail> {
  readonly contract = SendScheduledEmail;

  constructor(private readonly mail: SendMail) {}

  /** @throws as SendMail.run */
  handle(order: PayloadOf<typeof SendScheduledEmail>, context: JobContext): Promise<MailResult> {
    return this.mail.run(order, { ...context, progress: (percent) => context.progress(percent), patienceMs: SINGLE_PATIENCE_MS });
  }
}
