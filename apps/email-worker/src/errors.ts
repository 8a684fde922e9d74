import { EmailRequestErrors } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';

export const EmailErrors = {
  ...EmailRequestErrors,
  ...defineErrors({
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
      retry: 'never',
      summary: 'The connection ended after the mail went out and before the server answered: it may have arrived.',
      cure: 'Look whether it arrived; retry the job to send it again with the same Message-ID. Orders with ifUnknown: repeat are sent again by themselves.',
    },
    EMAIL_GIVEN_UP: {
      status: 409,
      blame: 'caller',
      retry: 'never',
      summary: 'A mail with this idempotency key failed for good; it stays so.',
      cure: 'Retry its job, or order the mail again under a new idempotency key.',
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
      cure: 'Correct the user and password in SMTP_URL (or SMTP_REQUIRE_TLS) and restart, or those of the tenant\'s sender; mails wait meanwhile.',
    },
    EMAIL_BATCH_UNFINISHED: {
      status: 503,
      blame: 'provider',
      retry: 'later',
      summary: 'Some mails of the batch were not taken yet; the others are done.',
      cure: 'It goes on by itself with the open ones until the attempts of the job are used up.',
    },
    EMAIL_PUBLIC_URL_MISSING: {
      status: 500,
      blame: 'us',
      retry: 'never',
      summary: 'The mail wants an unsubscribe link, and the worker does not know where the gateway is reached from outside.',
      cure: 'Set PUBLIC_URL of the email worker and retry the job.',
    },
    EMAIL_SENDER_REFUSED: {
      status: 403,
      blame: 'caller',
      retry: 'never',
      summary: 'The tenant may not send in the name of this address.',
      cure: 'Use an address of one of your own senders (GET /email-senders), or leave `from` out.',
    },
    EMAIL_RATE_LIMITED: {
      status: 429,
      blame: 'us',
      retry: 'when-available',
      summary: 'A sender or a receiving domain gets no more mails at this moment.',
      cure: 'The mail waits and goes out later; raise EMAIL_PROVIDER_RATE, EMAIL_DOMAIN_RATE or the rate of the sender if that is too slow.',
    },
  }),
};
