import { defineErrors } from '@angarium/errors';

export const EmailErrors = defineErrors({
  EMAIL_INVALID: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The mail cannot be sent as it was ordered.',
    cure: 'Correct the field that the message names and order the mail under a new idempotency key.',
  },
  EMAIL_ATTACHMENT_MISSING: {
    status: 422,
    blame: 'caller',
    retry: 'later',
    summary: 'An attachment is not in the folder EMAIL_ATTACHMENT_DIR.',
    cure: 'Put the file there before the mail is ordered, and check that every replica sees the folder.',
  },
  EMAIL_REFUSED: {
    status: 502,
    blame: 'provider',
    retry: 'never',
    summary: 'The mail server refused the mail for good (5xx).',
    cure: 'Look at the reason: a wrong address, a blocked sender or a mail that is too large.',
  },
  EMAIL_DEFERRED: {
    status: 503,
    blame: 'provider',
    retry: 'later',
    summary: 'The mail server does not take the mail now (4xx).',
    cure: 'It is tried again until the attempts of the job are used up.',
  },
  EMAIL_OUTCOME_UNKNOWN: {
    status: 502,
    blame: 'provider',
    retry: 'later',
    summary: 'The connection ended after the mail went out and before the server answered.',
    cure: 'It is sent again with the same Message-ID, by which receiving servers recognise a repetition.',
  },
  EMAIL_GIVEN_UP: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'A mail with this idempotency key failed for good; it stays so.',
    cure: 'Order the mail again under a new idempotency key.',
  },
  SMTP_UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The mail server does not answer.',
    cure: 'Mails wait and go out when it is back; check SMTP_URL if it stays.',
  },
  SMTP_LOGIN_REFUSED: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The mail server refused our login or our session.',
    cure: 'Correct the user and password in SMTP_URL (or SMTP_REQUIRE_TLS) and restart; mails wait meanwhile.',
  },
});
