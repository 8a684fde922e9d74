import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type SpanContext } from '@opentelemetry/api';
import { followContext, runInContext, type MessageContext } from './message-context.js';

/** What one hop does: `POST /register`, `handle user.created`, `job send-email`. */
export interface SpanDescription {
  readonly name: string;
  readonly kind: 'server' | 'consumer' | 'client' | 'internal';
  /** By OpenTelemetry's semantic conventions; never payloads or addresses. */
  readonly attributes?: Attributes;
}

/** Where the work comes from: values of another process, or a context of this one. */
export type Carrier = Partial<{ readonly [K in keyof MessageContext]: MessageContext[K] | undefined }>;

/** A hop that is going on. `end` may be called once; with an error the span is marked as failed. */
export interface OpenSpan {
  readonly context: MessageContext;
  end(failure?: unknown, attributes?: Attributes): void;
}

const kinds = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
let isTracing = false;

/** Turned on by `startTracing`; off, a hop costs an id and no span. */
export function setTracing(isOn: boolean): void {
  isTracing = isOn;
}

/** Begins a hop: a context that follows from the carrier, and its span when traces are exported. */
export function beginSpan({ name, kind, attributes = {} }: SpanDescription, carrier: Carrier): OpenSpan {
  const followed = followContext(carrier);
  if (!isTracing) return { context: followed, end: () => undefined };
  const parent = parseTraceparent(carrier.traceparent);
  const above = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const span = trace.getTracer('angarium').startSpan(name, { kind: kinds[kind], attributes }, above);
  span.setAttributes({ 'angarium.correlation_id': followed.correlationId, 'angarium.tenant': followed.tenant });
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    context: { ...followed, traceparent: `00-${traceId}-${spanId}-0${traceFlags}` },
    end: (failure, more = {}) => {
      span.setAttributes(more);
      // the text of an error may hold what no trace should; its name does not
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure instanceof Error ? failure.name : 'failed' });
      span.end();
    },
  };
}

/** Runs a hop to its end: what it awaits, emits and logs carries its context. */
export function runInSpan<T>(description: SpanDescription, carrier: Carrier, work: () => Promise<T>): Promise<T> {
  return isTracing ? runTraced(beginSpan(description, carrier), work) : runInContext(followContext(carrier), work);
}

async function runTraced<T>(span: OpenSpan, work: () => Promise<T>): Promise<T> {
  try {
    const result = await runInContext(span.context, work);
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & 1, isRemote: true };
}
