import { trace } from '@opentelemetry/api';
import type { Logger } from './logger.js';
import { setTracing } from './span.js';

export interface TracingOptions {
  readonly service: string;
  readonly instance: string;
  /** OTLP over HTTP: `http://collector:4318`; spans go to `/v1/traces` below it. */
  readonly endpoint: string;
  /** Share of new traces that is kept, 0 to 100. A trace begun elsewhere is kept as its beginner decided. */
  readonly samplePercent: number;
  readonly logger: Logger;
}

/**
 * Exports spans from now on. The SDK is loaded only here, so that a service without traces does not carry it.
 * A collector that is away costs spans, never messages. @returns a function that sends what is left and ends (at most 2 s).
 */
export async function startTracing({ service, instance, endpoint, samplePercent, logger }: TracingOptions): Promise<() => Promise<void>> {
  const [{ BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([import('@opentelemetry/sdk-trace-base'), import('@opentelemetry/exporter-trace-otlp-http'), import('@opentelemetry/resources')]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': instance }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplePercent / 100) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 })],
  });
  trace.setGlobalTracerProvider(provider);
  setTracing(true);
  logger.debug('traces are exported');
  return async () => {
    setTracing(false);
    const late = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
    await Promise.race([provider.shutdown().catch((error: unknown) => logger.debug({ err: error }, 'last spans not sent')), late]);
  };
}
