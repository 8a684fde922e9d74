import type { Sealer } from '@angarium/secrets';
import { EmailErrors } from '../errors.js';

/**
 * What opens the secrets of a sender. The gateway seals them, so that they never stand in a stream; what is sealed for one tenant's
 * sender and field opens nowhere else. The gateway's `seal-sender-secret.ts` writes the same place.
 */
export class SenderSecrets {
  constructor(private readonly sealer: Sealer | undefined) {}

  /** @throws EMAIL_SEAL_KEYS_MISSING, SECRET_KEY_UNKNOWN, SECRET_BROKEN */
  open(sealed: string, { tenant, name }: { tenant: string; name: string }, field: 'smtpUrl' | 'dkimPrivateKey'): string {
    if (this.sealer === undefined) throw EmailErrors.EMAIL_SEAL_KEYS_MISSING();
    return this.sealer.open(sealed, `email-senders/${tenant}/${name}/${field}`);
  }
}
