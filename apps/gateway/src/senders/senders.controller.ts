import { DeleteEmailSender, GetEmailSender, ListEmailSenders, PutEmailSender, TestEmailSender, type AnswerOf } from '@angarium/contracts';
import { DeleteSender, GetSender, ListSenders, PutSender, TestSender } from '@angarium/contracts/gateway-api';
import type { Sealer } from '@angarium/secrets';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller, Inject } from '@nestjs/common';
import { SEALER } from '../sealer.js';

/** Mail servers of tenants. The email worker keeps them and answers; passwords and keys are sealed before they leave this process. */
@Controller()
export class SendersController {
  constructor(
    private readonly bus: MessageBus,
    @Inject(SEALER) private readonly sealer: Sealer,
  ) {}

  @Route(ListSenders)
  list(): Promise<AnswerOf<typeof ListSenders>> {
    return this.bus.send(ListEmailSenders, {});
  }

  @Route(GetSender)
  get({ params }: RouteCall<typeof GetSender>): Promise<AnswerOf<typeof GetSender>> {
    return this.bus.send(GetEmailSender, params);
  }

  @Route(PutSender)
  put({ params: { name }, body, caller }: RouteCall<typeof PutSender>): Promise<AnswerOf<typeof PutSender>> {
    const { smtpUrl, dkim, ...plain } = body;
    // the place that the email worker's sender-secrets.ts opens
    const seal = (value: string | undefined, field: string) => (value === undefined ? undefined : this.sealer.seal(value, `email-senders/${caller.tenantId}/${name}/${field}`));
    const sealedDkim = dkim === null ? null : { ...dkim, privateKey: seal(dkim.privateKey, 'dkimPrivateKey') };
    return this.bus.send(PutEmailSender, { ...plain, name, smtpUrl: seal(smtpUrl, 'smtpUrl'), dkim: sealedDkim });
  }

  @Route(DeleteSender)
  delete({ params }: RouteCall<typeof DeleteSender>): Promise<AnswerOf<typeof DeleteSender>> {
    return this.bus.send(DeleteEmailSender, params);
  }

  @Route(TestSender)
  test({ params, body }: RouteCall<typeof TestSender>): Promise<AnswerOf<typeof TestSender>> {
    return this.bus.send(TestEmailSender, { ...params, ...body });
  }
}
