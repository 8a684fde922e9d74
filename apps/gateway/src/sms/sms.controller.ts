import { DeleteSmsTemplate, ExplainSms, GetSmsTemplate, PutSmsTemplate, type ResponseOf } from '@angarium/contracts';
import { DeleteSmsTemplateRoute, ExplainSmsRoute, GetSmsTemplateRoute, PutSmsTemplateRoute } from '@angarium/contracts/gateway-api';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller } from '@nestjs/common';

/** Hands questions about SMS to the SMS worker; the tenant is that of the credential, by the context of the message. */
@Controller()
export class SmsController {
  constructor(private readonly bus: MessageBus) {}

  @Route(ExplainSmsRoute)
  explain({ body }: RouteCall<typeof ExplainSmsRoute>): Promise<ResponseOf<typeof ExplainSms>> {
    return this.bus.send(ExplainSms, body);
  }

  @Route(GetSmsTemplateRoute)
  getTemplate({ params }: RouteCall<typeof GetSmsTemplateRoute>): Promise<ResponseOf<typeof GetSmsTemplate>> {
    return this.bus.send(GetSmsTemplate, params);
  }

  @Route(PutSmsTemplateRoute)
  putTemplate({ params, body }: RouteCall<typeof PutSmsTemplateRoute>): Promise<ResponseOf<typeof PutSmsTemplate>> {
    return this.bus.send(PutSmsTemplate, { ...params, settings: body });
  }

  @Route(DeleteSmsTemplateRoute)
  deleteTemplate({ params }: RouteCall<typeof DeleteSmsTemplateRoute>): Promise<ResponseOf<typeof DeleteSmsTemplate>> {
    return this.bus.send(DeleteSmsTemplate, params);
  }
}
