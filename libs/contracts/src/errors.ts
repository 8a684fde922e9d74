import { defineErrors } from '@angarium/errors';

export const ContractErrors = defineErrors({
  CONTRACT_BROKEN: {
    status: 422,
    blame: 'caller',
    retry: 'never',
    summary: 'The payload does not fit its contract.',
    cure: 'Correct the fields named in details; the schema is in docs/reference/contracts.',
  },
});
