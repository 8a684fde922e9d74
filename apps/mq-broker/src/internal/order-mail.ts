import type { BodyOf, InputOf, SendEmail } from '@angarium/contracts';
import type { NotifyUser, PublishNotification } from '@angarium/contracts/broker-api';
import { SharedErrors } from '@angarium/errors';
import { QueueService } from '@angarium/queues';
import { Injectable } from '@nestjs/common';

type Notification = Pick<BodyOf<typeof NotifyUser> & BodyOf<typeof PublishNotification>, 'title' | 'body' | 'email'>;

/** The queue waits for Redis for as long as it takes; the caller of a notification does not. */
const DEADLINE_MS = 3_000;

/**
 * Turns a published notification into a job of the queue `email`. The job's key comes from the message, so whoever repeats
 * the call under one message id orders one mail, also when the first call broke off between the publish and the job.
 */
@Injectable()
export class OrderMail {
  constructor(private readonly queues: QueueService) {}

  /**
   * @returns the job's id.
   * @throws UNAVAILABLE when Redis does not take the job in three seconds (it may take it later: that is the same job), REDIS_REFUSED.
   */
  async order(topic: string, messageId: string, notification: Notification, deadlineMs = DEADLINE_MS): Promise<string | null> {
    if (notification.email === undefined) return null;
    const added = this.queues.sendEmail(mailOf(notification, notification.email), { idempotencyKey: `mq:${topic}:${messageId}` });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(notOrdered(messageId, deadlineMs)), deadlineMs);
    });
    try {
      return (await Promise.race([added, late])).jobId;
    } finally {
      clearTimeout(timer);
    }
  }
}

function mailOf({ title, body }: Notification, { to, template }: NonNullable<Notification['email']>): InputOf<typeof SendEmail> {
  return template === undefined ? { to, subject: title, text: body } : { to, template };
}

function notOrdered(messageId: string, deadlineMs: number) {
  return SharedErrors.UNAVAILABLE(
    `The notification was published, but the queue did not take its mail in ${deadlineMs} ms. Repeat the call with the messageId of details: it is mailed once.`,
    { details: { messageId } },
  );
}
