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
  FILE_NOT_FOUND: {
    status: 404,
    blame: 'caller',
    retry: 'never',
    summary: 'There is no file of this id, or it has expired.',
    cure: 'Store the file again with POST /files.',
  },
  FILE_QUOTA_REACHED: {
    status: 409,
    blame: 'caller',
    retry: 'later',
    summary: 'The files of the tenant have as many bytes as they may.',
    cure: 'Delete files that are not needed, store them for a shorter time, or have GATEWAY_FILES_TENANT_BYTES raised.',
  },
});
