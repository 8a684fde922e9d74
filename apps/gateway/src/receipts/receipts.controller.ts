import { createHash } from 'node:crypto';
import { MAX_RECEIPT_LENGTH, SmsReceipt } from '@angarium/contracts';
import { receiveSmsReceipts, receiveTwilioReceipt } from '@angarium/contracts/gateway-api';
import { SharedErrors } from '@angarium/errors';
import { Route, type RouteCall } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Controller } from '@nestjs/common';

/** Hands receipts of SMS providers to the SMS worker, unread: it has the secrets by which they are verified. */
@Controller()
export class ReceiptsController {
  constructor(private readonly bus: MessageBus) {}

  @Route(receiveTwilioReceipt)
  async twilio({ query, headers, bodyText }: RouteCall<typeof receiveTwilioReceipt>): Promise<void> {
    const signature = headers['x-twilio-signature'];
    await this.bus.send(SmsReceipt, {
      provider: 'twilio',
      body: taken(bodyText),
      ...(query.delivery === undefined ? {} : { deliveryId: query.delivery }),
      ...(typeof signature === 'string' ? { signature: signature.slice(0, 200) } : {}),
    });
  }

  @Route(receiveSmsReceipts)
  async bundle({ params, bodyText, remoteAddress }: RouteCall<typeof receiveSmsReceipts>) {
    const { provider, secret } = params;
    const secretDigest = createHash('sha256').update(secret).digest('hex');
    await this.bus.send(SmsReceipt, { provider, body: taken(bodyText), secretDigest, remoteAddress });
    return provider === 'aliyun' ? { code: 0, msg: 'ok' } : { result: 0, errmsg: 'OK' };
  }
}

function taken(bodyText = ''): string {
  if (bodyText.length > MAX_RECEIPT_LENGTH) throw SharedErrors.PAYLOAD_TOO_LARGE(`The receipt is longer than ${MAX_RECEIPT_LENGTH} characters. Send fewer at once.`);
  return bodyText;
}
