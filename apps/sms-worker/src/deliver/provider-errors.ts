import { defineErrors } from '@angarium/errors';

/** What a provider can answer, and not answer. */
export const ProviderErrors = defineErrors({
  SMS_REJECTED: {
    status: 502,
    blame: 'provider',
    retry: 'never',
    summary: 'The provider refused the SMS for certain; nothing was sent.',
    cure: 'Look at the code of the provider in the reason: a number, a template or an account that it does not take.',
  },
  SMS_THROTTLED: {
    status: 503,
    blame: 'provider',
    retry: 'later',
    summary: 'The provider takes no more SMS for now; nothing was sent.',
    cure: 'It is sent when the provider takes it again; lower SMS_PROVIDER_PER_SECOND if it stays.',
  },
  SMS_PROVIDER_AWAY: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The provider cannot be reached; nothing went out.',
    cure: 'SMS wait, or go through another provider of SMS_ROUTES, until it is back.',
  },
  SMS_OUTCOME_UNKNOWN: {
    status: 502,
    blame: 'provider',
    retry: 'never',
    summary: 'The request went out and no answer came: the SMS may have been sent.',
    cure: 'The provider is asked what became of it; nothing is sent again before that is known.',
  },
  SMS_LOGIN_REFUSED: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The provider refused our credentials.',
    cure: 'Correct the key and secret of the provider and restart; SMS wait meanwhile.',
  },
});
