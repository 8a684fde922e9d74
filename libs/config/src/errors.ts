import { defineErrors } from '@angarium/errors';

export const ConfigErrors = defineErrors({
  CONFIG_INVALID: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A variable of the environment is missing or does not fit.',
    cure: 'Set the variables that the message names and start again.',
  },
});
