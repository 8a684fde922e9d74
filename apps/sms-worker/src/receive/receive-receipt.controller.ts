import { SmsReceipt, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { InjectConfig, InjectLogger } from '@angarium/service-shell';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { ApplyReceipt, type Receipt } from './apply-receipt.js';
import { parseBundledReceipts } from './parse-bundled-receipts.js';
import { parseTwilioReceipt, readForm } from './parse-twilio-receipt.js';
import { ReceiptErrors } from '@angarium/contracts';
import { isProven, type ReceiptSecrets } from './verify-receipt.js';

/** verify → parse → apply. A receipt that fails half-way is repeated by its provider, and applying twice changes nothing. */
@Controller()
export class ReceiveReceipt {
  constructor(
    private readonly receipts: ApplyReceipt,
    @InjectConfig() private readonly secrets: ReceiptSecrets,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  /** @throws SMS_RECEIPT_REFUSED, SMS_RECEIPT_UNREADABLE; what the ledger throws, after the other receipts of the bundle were applied. */
  @OnRequest(SmsReceipt)
  async receive(told: PayloadOf<typeof SmsReceipt>): Promise<ResponseOf<typeof SmsReceipt>> {
    if (!isProven(told, this.secrets)) throw ReceiptErrors.SMS_RECEIPT_REFUSED();
    const receipts = receiptsIn(told);
    if (receipts === undefined) throw ReceiptErrors.SMS_RECEIPT_UNREADABLE();
    let failure: AngariumError | undefined;
    // one after the other: a bundle may tell two things about one SMS, and the later one comes later
    for (const receipt of receipts) {
      if (receipt.fate.state === 'unknown') continue;
      try {
        await this.receipts.apply(receipt);
      } catch (error) {
        failure ??= toAngariumError(error);
      }
    }
    if (failure !== undefined) throw failure;
    this.logger.debug({ provider: told.provider, receiptCount: receipts.length }, 'receipts applied');
    return { receiptCount: receipts.length };
  }
}

function receiptsIn({ provider, deliveryId, body }: PayloadOf<typeof SmsReceipt>): Receipt[] | undefined {
  if (provider !== 'twilio') return parseBundledReceipts(provider, body);
  const receipt = parseTwilioReceipt(readForm(body), deliveryId);
  return receipt === undefined ? undefined : [receipt];
}
