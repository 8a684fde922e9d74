import { SmsRequestErrors } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';

export const SmsErrors = {
  ...SmsRequestErrors,
  ...defineErrors({
    SMS_GIVEN_UP: {
      status: 409,
      blame: 'caller',
      retry: 'never',
      summary: 'An SMS of this idempotency key failed for good; it stays so.',
      cure: 'Retry its job (POST /queues/sms/jobs/…/retry), or order it again under a new idempotency key.',
    },
    SMS_IN_FLIGHT: {
      status: 409,
      blame: 'us',
      retry: { afterMs: 1_000 },
      summary: 'Another worker is sending this very SMS.',
      cure: 'Nothing to do: the job looks again for what became of it.',
    },
    SMS_JOB_GONE: {
      status: 409,
      blame: 'us',
      retry: 'never',
      summary: 'The job of this SMS is gone, and the provider never saw the SMS: it was not sent.',
      cure: 'Order it again under a new idempotency key.',
    },
    SMS_ROUTES_INVALID: {
      status: 500,
      blame: 'us',
      retry: 'never',
      summary: 'SMS_ROUTES names a provider that is not configured.',
      cure: 'Configure the provider, or take it out of SMS_ROUTES.',
    },
  }),
};
