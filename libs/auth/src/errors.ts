import { defineErrors } from '@angarium/errors';

/** What a good credential may not do. A missing or wrong one is UNAUTHORIZED, one that cannot be looked up UNAVAILABLE. */
export const AuthErrors = defineErrors({
  FORBIDDEN: {
    status: 403,
    blame: 'caller',
    retry: 'never',
    summary: 'The credential is good, but does not allow this.',
    cure: 'Use one that has what details.needs names, or have one made with npm run keys.',
  },
  SERVICE_TOKENS_FULL: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'The service has two valid tokens, as many as a change of tokens needs.',
    cure: 'Revoke the one that is not used any more, then make the new one.',
  },
});
