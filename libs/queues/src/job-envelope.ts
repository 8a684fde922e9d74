import { currentContext, followContext, type MessageContext } from '@angarium/observability';

/** What BullMQ keeps as job data: the payload, checked against its contract, and the context it came from. */
export interface JobEnvelope {
  readonly payload: unknown;
  readonly context: MessageContext;
  /** Names the effect: one key, one effect, whatever is repeated. */
  readonly idempotencyKey: string;
  /** How long one try may take where the caller wants less than the contract allows. */
  readonly timeoutMs?: number;
}

export function wrapJob(payload: unknown, idempotencyKey: string, timeoutMs?: number): JobEnvelope {
  return { payload, idempotencyKey, context: currentContext() ?? followContext(), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}
