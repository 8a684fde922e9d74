import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { currentContext, followContext, runInSpan, silentLogger, startTracing, traceIdOf } from './index.js';

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  status: { code?: number };
}

describe('tracing', () => {
  const received: Span[] = [];
  let collector: Server;
  let endpoint: string;

  beforeAll(async () => {
    collector = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const body = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
        if (request.url === '/v1/traces') received.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  });

  afterAll(() => {
    collector.closeAllConnections();
    collector.close();
  });

  it('exports a span for every hop, below the span it follows from, and marks failures without their text', async () => {
    const before = followContext();
    const stop = await startTracing({ service: 'kitchen', instance: 'k1', endpoint, samplePercent: 100, logger: silentLogger });
    let inner: string | undefined;
    await runInSpan({ name: 'POST /soup', kind: 'server' }, before, async () => {
      const failing = runInSpan({ name: 'handle soup.ordered', kind: 'consumer' }, currentContext() ?? {}, async () => {
        inner = currentContext()?.traceparent;
        return Promise.reject(new Error('secret recipe'));
      });
      await expect(failing).rejects.toThrow('secret recipe');
    });
    await stop();
    const [handle, post] = ['handle soup.ordered', 'POST /soup'].map((name) => received.find((span) => span.name === name));
    expect(post).toMatchObject({ traceId: traceIdOf(before.traceparent), parentSpanId: before.traceparent.slice(36, 52) });
    expect(handle).toMatchObject({ traceId: post?.traceId, parentSpanId: post?.spanId, status: { code: 2 } });
    expect(inner).toContain(handle?.spanId ?? 'no span');
    expect(JSON.stringify(received)).not.toContain('secret');
  });

  it('off, gives every hop a context all the same', async () => {
    const parent = followContext();
    const seen = await runInSpan({ name: 'x', kind: 'internal' }, parent, () => Promise.resolve(currentContext()));
    expect(seen).toMatchObject({ correlationId: parent.correlationId });
    expect(traceIdOf(seen?.traceparent ?? '')).toBe(traceIdOf(parent.traceparent));
    expect(received).toHaveLength(2);
  });

  it('outlives a collector that is away', async () => {
    const stop = await startTracing({ service: 'kitchen', instance: 'k1', endpoint: 'http://127.0.0.1:9', samplePercent: 100, logger: silentLogger });
    await runInSpan({ name: 'x', kind: 'internal' }, {}, () => Promise.resolve());
    await stop();
  });
});
