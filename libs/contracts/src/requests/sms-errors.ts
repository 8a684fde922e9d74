import { defineErrors } from '@angarium/errors';

/** What a request to the SMS worker is refused with; routes that pass one on answer with the same. */
export const SmsRequestErrors = defineErrors({
  SMS_PHONE_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'A phone number is none that can take an SMS.',
    // with spaces, because job views cut seven digits in a row
    cure: 'Give a mobile number, best in E.164 form: + and the code of the country first, as in +86 138 0013 8000.',
  },
  SMS_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The SMS cannot be sent as it was ordered.',
    cure: 'Correct what the message names and order it under a new idempotency key.',
  },
  SMS_VARIABLES_MISSING: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The template needs variables that the order does not have.',
    cure: 'Give a value for each variable that the message lists.',
  },
  SMS_TEMPLATE_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'There is no SMS template of this key.',
    cure: 'Make it with PUT /sms-templates/{key}.',
  },
  SMS_TEMPLATE_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The SMS template cannot be saved as it is.',
    cure: 'Correct the field that the message names and save it again.',
  },
  SMS_NO_PROVIDER: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'No provider of the chain can carry this SMS.',
    cure: 'Configure a provider (docs/guides/sms-providers.md), or map the template for one that is; POST /sms/explain says why each cannot.',
  },
  SMS_COUNTRY_REFUSED: {
    status: 403,
    blame: 'caller',
    retry: 'never',
    summary: 'SMS to this country are not allowed.',
    cure: 'Add the country to SMS_COUNTRIES of the SMS worker, if it is meant.',
  },
  SMS_LIMITED: {
    status: 429,
    blame: 'caller',
    retry: 'later',
    summary: 'A limit does not let the SMS pass now.',
    cure: 'Wait as long as the message says; POST /sms/explain tells which limits refuse.',
  },
  VERIFICATION_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'There is no such verification.',
    cure: 'Begin one with POST /verifications.',
  },
});
