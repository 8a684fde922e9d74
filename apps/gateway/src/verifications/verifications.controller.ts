import { createHash } from 'node:crypto';
import { CancelVerification, CheckVerification, StartVerification, type ResponseOf } from '@angarium/contracts';
import { CancelVerificationRoute, CheckVerificationRoute, StartVerificationRoute } from '@angarium/contracts/gateway-api';
import type { Sealer } from '@angarium/secrets';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller, Inject } from '@nestjs/common';
import { SEALER } from '../sealer.js';

/** Hands verifications to the SMS worker. A request lies in Redis on its way, so a code goes there sealed. */
@Controller()
export class VerificationsController {
  constructor(
    private readonly bus: MessageBus,
    @Inject(SEALER) private readonly sealer: Sealer,
  ) {}

  @Route(StartVerificationRoute)
  start({ body: { phone, purpose, clientAddress } }: RouteCall<typeof StartVerificationRoute>): Promise<ResponseOf<typeof StartVerification>> {
    // the limit needs to know one asker from another, not who it is
    const clientKey = clientAddress === undefined ? {} : { clientKey: createHash('sha256').update(clientAddress).digest('base64url') };
    return this.bus.send(StartVerification, { phone, purpose, ...clientKey });
  }

  @Route(CheckVerificationRoute)
  check({ body: { code, ...question }, caller }: RouteCall<typeof CheckVerificationRoute>): Promise<ResponseOf<typeof CheckVerification>> {
    return this.bus.send(CheckVerification, { ...question, sealedCode: this.sealer.seal(code, `verification.check/${caller.tenantId}`) });
  }

  @Route(CancelVerificationRoute)
  cancel({ params }: RouteCall<typeof CancelVerificationRoute>): Promise<ResponseOf<typeof CancelVerification>> {
    return this.bus.send(CancelVerification, params);
  }
}
