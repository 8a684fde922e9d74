import { defineErrors } from '@angarium/errors';

/** How a provider can refuse an SMS or leave us in doubt. Messages name the provider and its code; never phones, texts or what the provider wrote. */
export const ProviderErrors = defineErrors({
  SMS_REJECTED: {
    status: 502,
    blame: 'provider',
    retry: 'never',
    summary: 'The provider refused the SMS; it was not sent.',
    cure: 'Look at the reason. Where details.mayFailover is true, another provider may take it.',
  },
  SMS_THROTTLED: {
    status: 503,
    blame: 'provider',
    retry: 'later',
    summary: 'The provider takes no more for now; the SMS was not sent.',
    cure: 'It is tried again when the time that the message names is over.',
  },
  SMS_PROVIDER_AWAY: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The provider cannot be reached; nothing went out.',
    cure: 'SMS wait or take another provider; check the network, and the base URL and SMS_PRIVATE_HOSTS if it stays.',
  },
  SMS_OUTCOME_UNKNOWN: {
    status: 502,
    blame: 'provider',
    retry: 'never',
    summary: 'The SMS went to the provider and no answer came that can be relied on: it may have been sent.',
    cure: 'The provider is asked, or its receipt waited for, before anything is sent again.',
  },
  SMS_LOGIN_REFUSED: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The provider refuses our account: credentials, permission, balance or IP address.',
    cure: 'Correct the credentials of the provider or its account; SMS wait or take another provider meanwhile.',
  },
});
