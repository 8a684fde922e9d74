import { twilioFate } from '../deliver/twilio/twilio-fate.js';
import type { Receipt } from './apply-receipt.js';

/** The fields of a form; one that came several times is a list. */
export type FormFields = Readonly<Record<string, string | readonly string[]>>;

export function readForm(body: string): FormFields {
  const form = new URLSearchParams(body);
  // a form may name a field __proto__
  const fields = Object.create(null) as Record<string, string | readonly string[]>;
  for (const name of new Set(form.keys())) {
    const [first = '', ...rest] = form.getAll(name);
    fields[name] = rest.length === 0 ? first : [first, ...rest];
  }
  return fields;
}

/** A verified form of Twilio as a receipt; undefined when it is about no SMS that we sent. @param deliveryId from the query of the address */
export function parseTwilioReceipt(fields: FormFields, deliveryId: string | undefined): Receipt | undefined {
  const sid = one(fields['MessageSid']) ?? one(fields['SmsSid']);
  const status = one(fields['MessageStatus']) ?? one(fields['SmsStatus']);
  if (sid === undefined || status === undefined) return undefined;
  const fate = twilioFate(sid, status, one(fields['ErrorCode']));
  return { provider: 'twilio', providerMessageId: sid, ...(deliveryId === undefined ? {} : { deliveryId }), fate };
}

function one(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
