import { defineErrors } from '@angarium/errors';

export const GatewayErrors = defineErrors({
  EMAIL_TAKEN: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'A user with this email exists.',
    cure: 'Use another address, or sign in.',
  },
  USERNAME_TAKEN: {
    status: 409,
    blame: 'caller',
    retry: 'never',
    summary: 'A user with this name exists.',
    cure: 'Choose another name.',
  },
  USER_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'No user has this id.',
    cure: 'Use the userId that POST /register answered with.',
  },
});
