import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface KeyedCall {
  readonly caller: { readonly tenantId: string };
  readonly contract: { readonly id: string };
  readonly headers: IncomingHttpHeaders;
  readonly params?: unknown;
  readonly body: unknown;
}

const derived = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Ids for the messages of a call under an Idempotency-Key that name none: an equal call under the key has the same ones, so that the topic knows its messages
 * even where the answer was never remembered. The request is part of them: another one that comes under the key later is no repetition and must not be taken for one.
 * @returns undefined where the call has no key; else the id (UUID version 8, RFC 9562) of the message with an index. Pure.
 */
export function deriveIds({ caller, contract, headers, params, body }: KeyedCall): ((index: number) => string) | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  const call = createHash('sha256').update(JSON.stringify([caller.tenantId, contract.id, key, params ?? null, body])).digest();
  return (index) => uuidOf(createHash('sha256').update(call).update(String(index)).digest('hex'));
}

/** Whether an id is one of those that are derived here: no others of this version are made. Pure. */
export function isDerived(id: string): boolean {
  return derived.test(id);
}

function uuidOf(hex: string): string {
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
