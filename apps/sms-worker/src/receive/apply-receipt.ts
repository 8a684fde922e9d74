import type { SmsProviderName } from '@angarium/contracts';
import type { SmsFate } from '../deliver/sms-provider.js';

/** What a provider tells of an SMS afterwards, verified and parsed. */
export interface Receipt {
  readonly provider: SmsProviderName;
  readonly providerMessageId?: string;
  /** Our id of the SMS, where the provider sends it back. */
  readonly deliveryId?: string;
  readonly fate: SmsFate;
}

/** Moves the SMS that a receipt is about. */
export abstract class ApplyReceipt {
  /** Idempotent; an unknown id changes nothing. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  abstract apply(receipt: Receipt): Promise<void>;
}
