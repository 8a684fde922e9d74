import { defineErrors } from '@angarium/errors';

export const TaskWorkerErrors = defineErrors({
  USER_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'No profile was made for this user.',
    cure: 'Check the id; a profile follows registration within moments.',
  },
});
