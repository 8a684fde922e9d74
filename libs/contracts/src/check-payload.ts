import type { z } from 'zod';
import { ContractErrors } from './errors.js';
import type { PayloadSchema } from './contract.js';

/**
 * Parses untyped input once, at the edge.
 * @returns the typed payload, defaults filled in, unknown fields dropped.
 * @throws CONTRACT_BROKEN whose message and details name the path of every bad field (never its value).
 */
export function checkPayload<S extends PayloadSchema>(name: string, schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.') || '(whole)', message }));
  const first = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw ContractErrors.CONTRACT_BROKEN(`${name} does not fit its contract: ${first}`, { details: { contract: name, faults } });
}
