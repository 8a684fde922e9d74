import { EmailRequested, UserCreated, type PayloadOf } from '@angarium/contracts';
import { QueueService } from '@angarium/queues';
import { OnEvent } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';

/**
 * Turns facts that want a mail into jobs and ends: the stream repeats the hand-over, the queue repeats the sending.
 * The job's key comes from the fact, so that a redelivered event finds its job, and later the ledger row, already there.
 */
@Controller()
export class OrderWantedMails {
  constructor(private readonly queues: QueueService) {}

  @OnEvent(UserCreated)
  async welcome(@Payload() { userId, email, username }: PayloadOf<typeof UserCreated>): Promise<void> {
    await this.queues.sendEmail({ to: [email], template: { key: 'welcome', variables: { username } } }, { idempotencyKey: `user.created:${userId}:welcome` });
  }

  @OnEvent(EmailRequested)
  async requested(@Payload() { emailId, to, template }: PayloadOf<typeof EmailRequested>): Promise<void> {
    await this.queues.sendEmail({ to, template }, { idempotencyKey: `email.requested:${emailId}` });
  }
}
