import { createHash, timingSafeEqual } from 'node:crypto';
import type { PayloadOf, SmsReceipt } from '@angarium/contracts';
import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import type { ProviderConfig } from '../provider-variables.js';
import { readForm } from './parse-twilio-receipt.js';
import { isWithin } from './receipt-networks.js';
import { twilioReceiptUrl } from './receipt-url.js';

export type ReceiptSecrets = Pick<ProviderConfig, 'PUBLIC_URL' | 'TWILIO_AUTH_TOKEN' | 'SMS_RECEIPT_SECRET' | 'SMS_RECEIPT_CIDRS'>;

/**
 * Whether a receipt proves that it comes from its provider: Twilio by the signature over our public address and every field of the form,
 * the others by the secret in their path, and by where they come from where networks are named. Without the secret here nothing is proven. Comparing takes the same time whatever is wrong.
 */
export function isProven(receipt: PayloadOf<typeof SmsReceipt>, secrets: ReceiptSecrets): boolean {
  return receipt.provider === 'twilio' ? isSignedByTwilio(receipt, secrets) : hasSecret(receipt, secrets);
}

function isSignedByTwilio({ signature, deliveryId, body }: PayloadOf<typeof SmsReceipt>, { PUBLIC_URL: publicUrl, TWILIO_AUTH_TOKEN: token }: ReceiptSecrets): boolean {
  if (signature === undefined || publicUrl === undefined || token === undefined) return false;
  return validateRequest(token, signature, twilioReceiptUrl(publicUrl, deliveryId), readForm(body));
}

function hasSecret({ secretDigest, remoteAddress }: PayloadOf<typeof SmsReceipt>, { SMS_RECEIPT_SECRET: secret, SMS_RECEIPT_CIDRS: networks }: ReceiptSecrets): boolean {
  if (secret === undefined || secretDigest === undefined || !isWithin(networks, remoteAddress)) return false;
  return timingSafeEqual(createHash('sha256').update(secret).digest(), Buffer.from(secretDigest, 'hex'));
}
