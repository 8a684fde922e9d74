import { account, hopeless, inDoubt, notHere, throttled, type ProviderVerdict } from '../provider-verdict.js';

/** What Twilio's error codes mean for an SMS: https://www.twilio.com/docs/api/errors. */
const verdicts: Readonly<Record<string, ProviderVerdict>> = {
  '20003': account('the login was refused'),
  '20005': account('the account is not active'),
  '20008': account('test credentials cannot do this'),
  '20404': account('the account or a resource does not exist'),
  '20429': throttled('too many requests', 5_000),
  '20500': inDoubt('it had an internal error'),
  '20503': inDoubt('it was not available'),
  '21211': hopeless('that is no phone number'),
  '21408': notHere('the account may not send to this country'),
  '21606': account('the sender number is not ours or cannot send SMS'),
  '21608': account('a trial account sends to verified numbers only'),
  '21610': hopeless('its owner unsubscribed'),
  '21611': throttled('the queue of the sender number is full', 60_000),
  '21612': notHere('there is no way from this sender to the number'),
  '21614': hopeless('the number takes no SMS'),
  '21617': hopeless('the text is too long'),
  '30001': throttled('the queue of the account is full', 60_000),
  '30002': account('the account is suspended'),
  '30003': notHere('the handset cannot be reached'),
  '30004': hopeless('its owner blocks the sender'),
  '30005': hopeless('the handset does not exist'),
  '30006': hopeless('the number is a landline or its carrier takes no SMS'),
  '30007': notHere('the carrier filtered it'),
  '30008': notHere('the carrier gave no reason'),
};

/** By code first, then by HTTP status; other 4xx are definite refusals, because Twilio creates nothing then. */
export function judgeTwilio(code: string, status: number): ProviderVerdict {
  const known = verdicts[code];
  if (known !== undefined) return known;
  if (status >= 500 || status < 400) return inDoubt(`it answered with ${status}`);
  if (status === 429) return throttled('too many requests', 5_000);
  if (status === 401 || status === 403) return account('the login was refused');
  return notHere('it refused the SMS');
}

/** Why an SMS was not delivered, in words. */
export function twilioReason(code: string): string {
  return verdicts[code]?.reason ?? 'it was not delivered';
}
