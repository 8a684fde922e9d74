import 'reflect-metadata';
import { defineErrors } from '@angarium/errors';
import { createLogger, currentContext, Metrics } from '@angarium/observability';
import { Body, Controller, Get, HttpException, Post, StandardSchemaValidationPipe, UnauthorizedException, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { HealthRegistry } from '../health/health-registry.js';
import { contractFault } from '../start/contract-fault.js';
import { ShellModule } from '../start/shell.module.js';
import { AnyExceptionFilter } from './any-exception.filter.js';
import { readJson } from './read-json.js';
import { followRequests } from './request-context.js';

const Errors = defineErrors({ SOUP_COLD: { status: 503, blame: 'us', retry: { afterMs: 1500 }, summary: 'Cold.', cure: 'Wait.' } });
const soup = z.object({ name: z.string().min(2), salt: z.object({ grams: z.number().max(9) }) });

@Controller()
class Kitchen {
  @Post('soup')
  cook(@Body({ schema: soup }) body: z.output<typeof soup>): unknown {
    return { ...body, correlationId: currentContext()?.correlationId };
  }

  @Get('cold')
  cold(): never {
    throw Errors.SOUP_COLD();
  }

  @Get('broken')
  broken(): never {
    throw new Error('secret recipe');
  }

  @Get('teapot')
  teapot(): never {
    throw new HttpException('I am a teapot', 418);
  }

  @Get('closed')
  closed(): never {
    throw new UnauthorizedException();
  }
}

describe('a service over HTTP', () => {
  let app: INestApplication;
  let url: string;
  const lines: string[] = [];
  const metrics = new Metrics('kitchen', false);

  beforeAll(async () => {
    const logger = createLogger({ service: 'kitchen', instance: 'k1', level: 'info' }, { write: (line) => void lines.push(line) });
    const shell = ShellModule.around({ config: {}, logger, metrics, app: { module: class {}, controllers: [Kitchen] }, imports: [] });
    const nest = await NestFactory.create<NestFastifyApplication>(shell, new FastifyAdapter({ bodyLimit: 1_000 }), { logger: false, bodyParser: false });
    nest.useGlobalFilters(new AnyExceptionFilter(logger));
    nest.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: contractFault }));
    readJson(nest.getHttpAdapter().getInstance());
    followRequests(nest.getHttpAdapter().getInstance(), logger, metrics);
    await nest.listen(0, '127.0.0.1');
    url = await nest.getUrl();
    app = nest;
  });

  afterAll(() => app.close());

  const post = (body: string, headers = {}) => fetch(`${url}/soup`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const read = async (answer: Response) => ({ status: answer.status, body: (await answer.json()) as Record<string, unknown> });

  it('takes up the correlation id of the caller, works and answers with it', async () => {
    const answer = await post('{"name":"leek","salt":{"grams":3}}', { 'x-correlation-id': 'order-1' });
    expect(answer.headers.get('x-correlation-id')).toBe('order-1');
    expect(await answer.json()).toEqual({ name: 'leek', salt: { grams: 3 }, correlationId: 'order-1' });
  });

  it('gives a request without a trustworthy correlation id one of its own', async () => {
    const answer = await post('{"name":"leek","salt":{"grams":3}}', { 'x-correlation-id': 'a b<script>' });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers every failure in one shape', async () => {
    const cold = await fetch(`${url}/cold`);
    expect(cold.headers.get('retry-after')).toBe('2');
    expect(await read(cold)).toEqual({ status: 503, body: { code: 'SOUP_COLD', message: 'Cold. Wait.', retryAfter: 2 } });
    expect(await read(await fetch(`${url}/nothing`))).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await read(await fetch(`${url}/teapot`))).toMatchObject({ status: 418, body: { code: 'REQUEST_REFUSED', message: 'I am a teapot' } });
    const closed = await fetch(`${url}/closed`);
    expect(closed.headers.get('www-authenticate')).toBe('Bearer');
    expect(await read(closed)).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
    expect(await read(await post('{"name":'))).toMatchObject({ status: 400, body: { code: 'INVALID_JSON' } });
    expect(await read(await post('{"__proto__":{"a":1},"name":"x"}'))).toMatchObject({ status: 400, body: { code: 'INVALID_JSON' } });
    expect(await read(await post('x', { 'content-type': 'text/csv' }))).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    expect(await read(await post(`{"name":"${'x'.repeat(2_000)}"}`))).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE', message: expect.stringContaining('the 1000 bytes') as string, details: { limitBytes: 1_000 } } });
  });

  it('names the path of every wrong field', async () => {
    const { status, body } = await read(await post('{"name":"x","salt":{"grams":"many"}}'));
    expect(status).toBe(422);
    expect((body['details'] as { faults: { path: string }[] }).faults.map(({ path }) => path)).toEqual(['name', 'salt.grams']);
  });

  it('tells nobody what it did not expect, but logs it with the correlation id', async () => {
    const { status, body } = await read(await fetch(`${url}/broken`, { headers: { 'x-correlation-id': 'order-2' } }));
    expect({ status, code: body['code'] }).toEqual({ status: 500, code: 'INTERNAL' });
    expect(JSON.stringify(body)).not.toContain('secret');
    const line = lines.map((it) => JSON.parse(it) as Record<string, unknown>).find(({ msg }) => msg === 'request failed' );
    expect(line).toMatchObject({ level: 'error' });
    expect(lines.some((it) => it.includes('secret recipe') && it.includes('order-2'))).toBe(true);
  });

  it('counts and logs requests by route, not by path, and is quiet about health', async () => {
    app.get(HealthRegistry).add({ name: 'stove', check: () => Promise.resolve({}) });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    const exposition = await (await fetch(`${url}/metrics`)).text();
    expect(exposition).toContain('angarium_http_request_duration_seconds_count{service="kitchen",method="POST",route="/soup",status="422"} 1');
    expect(lines.some((it) => it.includes('/health/'))).toBe(false);
    expect(lines.filter((it) => it.includes('request answered')).length).toBeGreaterThan(5);
  });
});
