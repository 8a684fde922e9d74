import { defineErrors } from '@angarium/errors';

/** What can be wrong with sealed values and the keys that seal them. */
export const SecretErrors = defineErrors({
  SECRET_KEYS_INVALID: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'The keys that seal secrets cannot be used.',
    cure: 'Write SEAL_KEYS as <id>:<32 bytes in base64>, several separated by commas, each id once.',
  },
  SECRET_KEY_UNKNOWN: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A secret was sealed with a key that this service does not have.',
    cure: 'Put the key that the message names back into SEAL_KEYS, behind the others.',
  },
  SECRET_BROKEN: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'A sealed secret cannot be opened: it was changed, belongs elsewhere, or was sealed with another key of the same id.',
    cure: 'Set the secret anew, or restore its row and the key that sealed it.',
  },
});
