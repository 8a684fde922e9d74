/**
 * The address that Twilio sends the receipts of one SMS to. Twilio signs it, so the worker builds it again to verify a receipt:
 * from our own configuration, never from what a request says of its host.
 */
export function twilioReceiptUrl(publicUrl: string, deliveryId: string | undefined): string {
  const base = `${publicUrl.replace(/\/+$/, '')}/sms/receipts/twilio`;
  return deliveryId === undefined ? base : `${base}?delivery=${encodeURIComponent(deliveryId)}`;
}
