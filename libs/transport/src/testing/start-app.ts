import 'reflect-metadata';
import { Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { RedisStreamsServer, TransportExceptionFilter, type RedisStreamsServerOptions } from '../index.js';

/** A hybrid NestJS app with these controllers on the transport, quick to retry and to take over. */
export async function startApp(
  options: Pick<RedisStreamsServerOptions, 'redisUrl' | 'service'> & Partial<RedisStreamsServerOptions>,
  controllers: Type[],
  configure: (app: INestApplication) => void = () => undefined,
): Promise<INestApplication> {
  @Module({ controllers })
  class TestModule {}
  const app = await NestFactory.create(TestModule, new FastifyAdapter(), { logger: false, abortOnError: false });
  app.useGlobalFilters(new TransportExceptionFilter());
  configure(app);
  const strategy = new RedisStreamsServer({ leaseMs: 900, graceMs: 2_000, ...options, retry: { baseMs: 10, maxAttempts: 3, ...options.retry } });
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  return app;
}
