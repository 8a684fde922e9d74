import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync, randomUUID } from 'node:crypto';
import { SYSTEM_TENANT } from '@angarium/contracts';

/** What travels with a piece of work through HTTP, streams, queues and logs. */
export interface MessageContext {
  /** One id for everything that follows from one cause. */
  readonly correlationId: string;
  /** W3C trace context (https://www.w3.org/TR/trace-context/): version-traceid-spanid-flags. */
  readonly traceparent: string;
  readonly tenant: string;
}

const storage = new AsyncLocalStorage<MessageContext | undefined>();
const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const correlationForm = /^[\w.:-]{1,128}$/;

/** The context of the work that runs now, if it runs in one. */
export function currentContext(): MessageContext | undefined {
  return storage.getStore();
}

/** Runs `work` in a context; everything it awaits, emits and logs carries it. */
export function runInContext<T>(context: MessageContext, work: () => T): T {
  return storage.run(context, work);
}

/**
 * Runs `work` in no context: for what goes on behind the request that happened to set it off. A loop or a lane that was woken inside
 * a request would else log that request's ids for ever.
 */
export function runOutside<T>(work: () => T): T {
  return storage.run(undefined, work);
}

/** Says whose work this is, where that is known only after it began: a request is authenticated inside its context. Without a context nothing happens. */
export function belongTo(tenant: string): void {
  const context = storage.getStore();
  // the very object, so that whoever holds the context already (the line that ends the request, its span) sees it
  if (context !== undefined) (context as { tenant: string }).tenant = tenant;
}

/**
 * The context of work that follows from another: same correlation and trace, a span of its own.
 * Malformed incoming values (they come from outside) are replaced, not trusted.
 */
export function followContext(parent: { correlationId?: string | undefined; traceparent?: string | undefined; tenant?: string | undefined } = {}): MessageContext {
  const { correlationId, traceparent, tenant } = parent;
  return {
    correlationId: correlationId !== undefined && correlationForm.test(correlationId) ? correlationId : randomUUID(),
    traceparent: childTraceparent(traceparent),
    tenant: tenant ?? SYSTEM_TENANT,
  };
}

const RANDOM_BYTES = 24;
/** Asking the system for random bytes costs microseconds whatever their number: they are fetched for many messages at once. */
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let poolAt = pool.length;

function randomHex(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  return pool.toString('hex', poolAt, (poolAt += RANDOM_BYTES));
}

/** A span below `traceparent`, or the root of a new trace. */
export function childTraceparent(traceparent?: string): string {
  const match = traceparent === undefined ? null : traceparentForm.exec(traceparent);
  const random = randomHex();
  const traceId = match?.[1] ?? random.slice(16);
  return `00-${traceId}-${random.slice(0, 16)}-${match?.[3] ?? '01'}`;
}

/** The trace id inside a traceparent, for log lines. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
