import type { AnswerOf } from '@angarium/contracts';
import { ReplaySubscription as Contract } from '@angarium/contracts/broker-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { ReplaySubscription } from './replay-subscription.js';

@Controller()
export class ReplayController {
  constructor(private readonly replaySubscription: ReplaySubscription) {}

  @Route(Contract)
  replay({ caller, params, body }: RouteCall<typeof Contract>): Promise<AnswerOf<typeof Contract>> {
    return this.replaySubscription.replay(caller, params.id, body);
  }
}
