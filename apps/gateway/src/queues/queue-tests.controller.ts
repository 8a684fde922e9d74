import { TestSendEmail, TestSendSms, TestStartDevice } from '@angarium/contracts/gateway-api';
import { QueueService, type JobReference } from '@angarium/queues';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';

/** Puts jobs by hand, for trying things out. The module leaves it out in production. */
@Controller()
export class QueueTestsController {
  constructor(private readonly queues: QueueService) {}

  @Route(TestSendEmail)
  sendEmail({ body }: RouteCall<typeof TestSendEmail>): Promise<JobReference> {
    return this.queues.sendEmail(body);
  }

  @Route(TestSendSms)
  sendSms({ body }: RouteCall<typeof TestSendSms>): Promise<JobReference> {
    return this.queues.sendSms(body);
  }

  @Route(TestStartDevice)
  startDevice({ body: { deviceId, userId, params } }: RouteCall<typeof TestStartDevice>): Promise<JobReference> {
    return this.queues.startDevice(deviceId, userId, params);
  }
}
