import { defineErrors } from '@angarium/errors';

/** What a service answers with when its database is the reason. */
export const DatabaseErrors = defineErrors({
  DATABASE_UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'PostgreSQL does not answer.',
    cure: 'Try again; the service reconnects by itself.',
  },
  DATABASE_BUSY: {
    status: 503,
    blame: 'us',
    retry: 'later',
    summary: 'PostgreSQL undid the work: it took longer than DATABASE_TIMEOUT_MS, waited too long for a lock, or was in the way of other work.',
    cure: 'Try again; if it stays, look for locks, long transactions and missing indexes in PostgreSQL.',
  },
  OUTBOX_PUBLISH_TIMEOUT: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'Events of the outbox could not be published in time.',
    cure: 'They stay in the outbox and are published when Redis answers; nothing is lost.',
  },
});
