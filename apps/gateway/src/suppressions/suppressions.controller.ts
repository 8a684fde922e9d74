import { DeleteEmailSuppression, ListEmailSuppressions, PutEmailSuppression, ReportEmailBounce, type AnswerOf } from '@angarium/contracts';
import { DeleteSuppression, ListSuppressions, PutSuppression, ReportBounce } from '@angarium/contracts/gateway-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller } from '@nestjs/common';

/** Who gets no mail, and what came back. The email worker keeps it and answers; the tenant of the caller goes along in the context. */
@Controller()
export class SuppressionsController {
  constructor(private readonly bus: MessageBus) {}

  @Route(ListSuppressions)
  list({ query }: RouteCall<typeof ListSuppressions>): Promise<AnswerOf<typeof ListSuppressions>> {
    return this.bus.send(ListEmailSuppressions, query);
  }

  @Route(PutSuppression)
  put({ body }: RouteCall<typeof PutSuppression>): Promise<AnswerOf<typeof PutSuppression>> {
    return this.bus.send(PutEmailSuppression, body);
  }

  @Route(DeleteSuppression)
  delete({ body }: RouteCall<typeof DeleteSuppression>): Promise<AnswerOf<typeof DeleteSuppression>> {
    return this.bus.send(DeleteEmailSuppression, body);
  }

  /** @throws EMAIL_BOUNCE_UNREADABLE; CONTRACT_BROKEN for an empty or too large one */
  @Route(ReportBounce)
  report({ bodyText }: RouteCall<typeof ReportBounce>): Promise<AnswerOf<typeof ReportBounce>> {
    return this.bus.send(ReportEmailBounce, { message: bodyText ?? '' });
  }
}
