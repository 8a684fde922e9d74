import parsePhoneNumber, { type CountryCode } from 'libphonenumber-js/max';
import { SmsErrors } from '../errors.js';

/** A number that can take an SMS. */
export interface Phone {
  /** With plus: `+8613800138000`. */
  readonly e164: string;
  /** ISO 3166-1, two letters. */
  readonly country: string;
}

/** Kinds of numbers that may be mobile; in some countries (US, CA) the plan does not tell. */
const capable: ReadonlySet<string> = new Set(['MOBILE', 'FIXED_LINE_OR_MOBILE', 'PERSONAL_NUMBER', 'PAGER']);

/** Brings a number as users write it into E.164; undefined where it can take no SMS. Pure. */
export function parsePhone(text: string, defaultRegion: string): Phone | undefined {
  const number = parsePhoneNumber(text, { defaultCountry: defaultRegion as CountryCode, extract: false });
  const type = number?.getType();
  if (number?.country === undefined || !number.isValid() || type === undefined || !capable.has(type)) return undefined;
  return { e164: number.number, country: number.country };
}

/**
 * The phones of one order, each once, in order.
 * @throws SMS_PHONE_INVALID with the places of all that are none, never with the numbers; one alone has no place, because most give it as a text
 */
export function parsePhones(texts: readonly string[], defaultRegion: string): Phone[] {
  const parsed = texts.map((text) => parsePhone(text, defaultRegion));
  const bad = parsed.flatMap((phone, index) => (phone === undefined ? [index] : []));
  if (bad.length > 0) {
    const which = texts.length === 1 ? 'phone' : bad.map((index) => `phone[${index}]`).join(', ');
    throw SmsErrors.SMS_PHONE_INVALID(`${which} can take no SMS. Give mobile numbers, best in E.164 form: + and the code of the country first, as in +86 138 0013 8000.`, { details: { indexes: bad } });
  }
  const byNumber = new Map<string, Phone>();
  for (const phone of parsed) if (phone !== undefined && !byNumber.has(phone.e164)) byNumber.set(phone.e164, phone);
  return [...byNumber.values()];
}
