import { defineErrors } from '@angarium/errors';

export const TransportErrors = defineErrors({
  TRANSPORT_UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The message was not confirmed in time because Redis does not answer.',
    cure: 'Whether it was stored is unknown: send it again with the same id, then it is stored once.',
  },
  TRANSPORT_OVERLOADED: {
    status: 503,
    blame: 'us',
    retry: { afterMs: 1_000 },
    summary: 'Too many messages wait for Redis; this one was not taken.',
    cure: 'Nothing was stored. Try again in a second.',
  },
  TRANSPORT_CLOSED: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'The service is stopping and takes no more messages.',
    cure: 'Nothing was stored. Try again; another replica answers.',
  },
  REQUEST_TIMEOUT: {
    status: 504,
    blame: 'us',
    retry: 'later',
    summary: 'No answer came before the deadline.',
    cure: 'Check that the answering service runs; whether the request was carried out is unknown.',
  },
  ENTRY_UNREADABLE: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'A stream entry is not a message of this system.',
    cure: 'Publish through the transport, or with the fields that libs/contracts/src/addresses.ts names.',
  },
  ENTRY_ABANDONED: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'The message was handed over as often as is allowed and no handler came to an end.',
    cure: 'Look for replicas that died while handling it, mend the cause, redrive.',
  },
});
