import { defineErrors } from '@angarium/errors';

export const DatabaseErrors = defineErrors({
  DATABASE_UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'PostgreSQL does not answer.',
    cure: 'Try again; the service reconnects by itself.',
  },
  DATABASE_TIMEOUT: {
    status: 503,
    blame: 'us',
    retry: 'later',
    summary: 'A statement or transaction ran longer than DATABASE_TIMEOUT_MS and was undone.',
    cure: 'Try again; if it stays, look for locks and missing indexes in PostgreSQL.',
  },
});
