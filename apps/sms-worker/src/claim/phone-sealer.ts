import type { Sealer } from '@angarium/secrets';

/** Keeps phones from whoever reads the ledger: sealed with SEAL_KEYS, each bound to its row. */
export class PhoneSealer {
  constructor(private readonly sealer: Sealer) {}

  /** @param deliveryId of the row */
  seal(e164: string, deliveryId: string): string {
    return this.sealer.seal(e164, `sms_deliveries/${deliveryId}`);
  }

  /** @throws SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  open(sealed: string, deliveryId: string): string {
    return this.sealer.open(sealed, `sms_deliveries/${deliveryId}`);
  }
}
