import { SendScheduledEmail, type AnswerOf } from '@angarium/contracts';
import { CancelEmail } from '@angarium/contracts/gateway-api';
import { QueueService } from '@angarium/queues';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';

/** Mails that wait for their time. */
@Controller()
export class EmailsController {
  constructor(private readonly queues: QueueService) {}

  /** @throws JOB_NOT_FOUND, JOB_STATE_WRONG */
  @Route(CancelEmail)
  async cancel({ params, caller }: RouteCall<typeof CancelEmail>): Promise<AnswerOf<typeof CancelEmail>> {
    await this.queues.cancel(SendScheduledEmail, params.jobId, caller.tenantId);
    return { isCancelled: true };
  }
}
