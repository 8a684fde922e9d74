import { CancelVerification, CheckVerification, StartVerification, SYSTEM_TENANT, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { currentContext } from '@angarium/observability';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { CheckCode } from './check-code.js';
import { StartCode } from './start-code.js';

/** Answers for the verifications of the tenant that asks. */
@Controller()
export class VerificationsController {
  constructor(
    private readonly starting: StartCode,
    private readonly checking: CheckCode,
  ) {}

  @OnRequest(StartVerification)
  start(order: PayloadOf<typeof StartVerification>): Promise<ResponseOf<typeof StartVerification>> {
    return this.starting.start(tenantOfCall(), order);
  }

  @OnRequest(CheckVerification)
  check(question: PayloadOf<typeof CheckVerification>): Promise<ResponseOf<typeof CheckVerification>> {
    return this.checking.check(tenantOfCall(), question);
  }

  @OnRequest(CancelVerification)
  cancel({ verificationId }: PayloadOf<typeof CancelVerification>): Promise<ResponseOf<typeof CancelVerification>> {
    return this.checking.cancel(tenantOfCall(), verificationId);
  }
}

function tenantOfCall(): string {
  return currentContext()?.tenant ?? SYSTEM_TENANT;
}
