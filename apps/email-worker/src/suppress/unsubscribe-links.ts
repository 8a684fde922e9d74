import type { Sealer } from '@angarium/secrets';
import type { MailOrder } from '../compose/compose-mail.js';
import { EmailErrors } from '../errors.js';
import { addressKey } from '../report/recipient-key.js';
import { sealUnsubscribeToken } from './unsubscribe-token.js';

/** The headers of one-click unsubscription (RFC 8058 3.1) for mails that want them. */
export class UnsubscribeLinks {
  private readonly base: string | undefined;

  /** @param publicUrl PUBLIC_URL: where the gateway is reached from outside. */
  constructor(
    publicUrl: string | undefined,
    private readonly sealer: Sealer | undefined,
  ) {
    this.base = publicUrl?.replace(/\/+$/, '');
  }

  /** @throws EMAIL_SEAL_KEYS_MISSING, EMAIL_PUBLIC_URL_MISSING, EMAIL_INVALID */
  headersOf({ to, category, isUnsubscribable }: MailOrder, { tenant, deliveryId }: { tenant: string; deliveryId: string }): { headers?: Record<string, string> } {
    if (isUnsubscribable !== true) return {};
    const [address, other] = to;
    if (address === undefined || other !== undefined) throw EmailErrors.EMAIL_INVALID('isUnsubscribable needs exactly one recipient: everybody unsubscribes for himself. Use send-batch-email.');
    if (this.sealer === undefined) throw EmailErrors.EMAIL_SEAL_KEYS_MISSING('The mail wants an unsubscribe link, and the worker has no SEAL_KEYS to seal it with. Set them as everywhere.');
    if (this.base === undefined) throw EmailErrors.EMAIL_PUBLIC_URL_MISSING();
    const token = sealUnsubscribeToken(this.sealer, { tenant, deliveryId, address: addressKey(address), category: category ?? null });
    return { headers: { 'List-Unsubscribe': `<${this.base}/unsubscribe/${token}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } };
  }
}
