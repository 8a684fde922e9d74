import { createLogger, followContext, Metrics, NestLogger, runInContext, traceIdOf } from './index.js';

function capture() {
  const lines: string[] = [];
  const logger = createLogger({ service: 'kitchen', instance: 'k1', level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, entries };
}

describe('the logger', () => {
  it('puts correlation, trace and tenant of the running work on every line', () => {
    const { logger, entries } = capture();
    const context = followContext({ correlationId: 'order-7', tenant: 'acme' });
    runInContext(context, () => logger.info('cooking'));
    logger.info('idle');
    expect(entries()[0]).toMatchObject({ service: 'kitchen', instance: 'k1', level: 'info', correlationId: 'order-7', tenant: 'acme', traceId: traceIdOf(context.traceparent) });
    expect(entries()[1]).not.toHaveProperty('correlationId');
  });

  it('hides what must not be read', () => {
    const { logger, lines } = capture();
    logger.info({ password: 'canary', user: { token: 'canary' }, request: { headers: { authorization: 'canary' } }, mail: { html: 'canary' } }, 'x');
    expect(lines.join()).not.toContain('canary');
  });

  it('carries what Nest says, errors with their stack', () => {
    const { logger, entries } = capture();
    const nest = new NestLogger(logger);
    nest.error(new Error('burnt'), 'Kitchen');
    nest.log('Mapped route', 'Router');
    expect(entries()[0]).toMatchObject({ level: 'error', context: 'Kitchen', msg: 'burnt', err: { type: 'Error' } });
    expect(entries()[1]).toMatchObject({ level: 'debug', context: 'Router' });
  });
});

describe('a context', () => {
  it('keeps correlation and trace over hops and takes a new span at each', () => {
    const first = followContext();
    const second = followContext(first);
    expect(second.correlationId).toBe(first.correlationId);
    expect(traceIdOf(second.traceparent)).toBe(traceIdOf(first.traceparent));
    expect(second.traceparent).not.toBe(first.traceparent);
  });

  it('does not trust malformed values from outside', () => {
    const context = followContext({ correlationId: 'a\nb', traceparent: '00-zz-1-01' });
    expect(context.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(context.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});

describe('metrics', () => {
  it('may be asked for twice and count together', async () => {
    const metrics = new Metrics('kitchen', false);
    metrics.counter('soups_total', 'Soups.', ['kind']).inc({ kind: 'leek' });
    metrics.counter('soups_total', 'Soups.', ['kind']).inc({ kind: 'leek' });
    expect(await metrics.registry.metrics()).toContain('angarium_soups_total{kind="leek",service="kitchen"} 2');
  });
});
