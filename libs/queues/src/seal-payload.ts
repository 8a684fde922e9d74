import type { JobContract } from '@angarium/contracts';
import type { Sealer } from '@angarium/secrets';
import { QueueErrors } from './errors.js';

/**
 * A job's payload as it is kept: the fields that its contract seals are encrypted, bound to this job and field.
 * @throws JOB_SEAL_KEYS_MISSING
 */
export function sealPayload(contract: JobContract, payload: object, idempotencyKey: string, sealer: Sealer | undefined): object {
  return eachSealed(contract, payload, sealer, (value, field, keys) => keys.seal(value, place(contract, idempotencyKey, field)));
}

/** The payload as it was given. @throws JOB_SEAL_KEYS_MISSING, SECRET_KEY_UNKNOWN, SECRET_BROKEN */
export function openPayload(contract: JobContract, payload: unknown, idempotencyKey: string, sealer: Sealer | undefined): unknown {
  if (typeof payload !== 'object' || payload === null) return payload;
  return eachSealed(contract, payload, sealer, (value, field, keys) => keys.open(value, place(contract, idempotencyKey, field)));
}

function eachSealed(contract: JobContract, payload: object, sealer: Sealer | undefined, change: (value: string, field: string, sealer: Sealer) => string): object {
  let changed = payload as Record<string, unknown>;
  for (const field of contract.sealed ?? []) {
    const value = changed[field];
    if (typeof value !== 'string') continue;
    if (sealer === undefined) throw QueueErrors.JOB_SEAL_KEYS_MISSING(`${contract.name}.${field} is sealed while it waits, and this service has no SEAL_KEYS.`);
    changed = { ...changed, [field]: change(value, field, sealer) };
  }
  return changed;
}

function place(contract: JobContract, idempotencyKey: string, field: string): string {
  return `jobs/${contract.name}/${idempotencyKey}/${field}`;
}
