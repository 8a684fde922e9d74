import type { SmsProviderName } from '@angarium/contracts';
import type { SmsFate } from '../deliver/sms-provider.js';

/** What a provider told about one SMS, after it was verified that the provider told it. */
export interface Receipt {
  readonly provider: SmsProviderName;
  readonly providerMessageId?: string;
  /** Our own id, where the provider repeats it (any text: the account may be used by others, too): finds the SMS even before the answer to its sending is written. */
  readonly deliveryId?: string;
  readonly fate: SmsFate;
}

/** Where receipts go: the ledger. */
export abstract class ApplyReceipt {
  /**
   * Moves an SMS that this provider was given; what is not known is left alone (and logged at debug). Repeated, late and
   * out-of-order receipts change nothing that is final. Resolves when it is written. @throws when the store is away: the provider repeats.
   */
  abstract apply(receipt: Receipt): Promise<void>;
}
