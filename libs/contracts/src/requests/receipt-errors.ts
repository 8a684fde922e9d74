import { defineErrors } from '@angarium/errors';

/** What a receipt is refused with; providers see it. */
export const ReceiptErrors = defineErrors({
  SMS_RECEIPT_REFUSED: {
    status: 403,
    blame: 'caller',
    retry: 'never',
    summary: 'The receipt does not prove that it comes from the provider; nothing was changed.',
    cure: 'Twilio: check TWILIO_AUTH_TOKEN (the primary one) and that PUBLIC_URL is the address that Twilio calls. Others: check SMS_RECEIPT_SECRET in the address.',
  },
  SMS_RECEIPT_UNREADABLE: {
    status: 400,
    blame: 'provider',
    retry: 'never',
    summary: 'The receipt has not the form of its provider; nothing was changed.',
    cure: 'Check that the address belongs to this provider and to its SMS receipts, not to replies.',
  },
});
