import 'reflect-metadata';
import { loadConfig, printConfig, type ConfigDefinition, type ConfigOf } from '@angarium/config';
import { describeError } from '@angarium/errors';
import { createLogger, Metrics, NestLogger, startTracing, type Logger } from '@angarium/observability';
import { closeRedis, connectRedis, redisHealth, requireDurableRedis } from '@angarium/redis';
import { RedisStreamsServer, signalTransport, TransportModule } from '@angarium/transport';
import { StandardSchemaValidationPipe, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { contractFault } from './contract-fault.js';
import { HealthRegistry } from '../health/health-registry.js';
import { AnyExceptionFilter } from '../http/any-exception.filter.js';
import { readJson } from '../http/read-json.js';
import { followRequests } from '../http/request-context.js';
import { serveRoutes, type ServeOptions } from '../routes/serve-routes.js';
import type { ServiceSettings, TransportSettings } from './service-settings.js';
import { ShellModule } from './shell.module.js';
import { drainConnections, watchSilentConnections } from './drain-connections.js';
import { stopOnSignal } from './stop-on-signal.js';

/** Bodies above this are refused with 413. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** Parameters of paths: the id of a job may be an idempotency key, in which every letter may be escaped. */
const MAX_PARAM_LENGTH = 1_000;
/** A Redis that is away at start holds nobody up longer than this; its durability is checked when it answers. */
const REDIS_WAIT_MS = 2_000;
const IDLE_CLOSE_MS = 50;
const BOOT_GARBAGE_MS = 2_000;

export interface ServiceDefinition<D extends ConfigDefinition> {
  readonly config: D;
  /** The variable that holds the port. */
  readonly portOf: (config: ConfigOf<D>) => number;
  readonly module: (config: ConfigOf<D>, logger: Logger) => Type | DynamicModule;
  /** `handlers`: the service handles events or requests. `signals`: it hears signals as well. Both may send. Default: neither. */
  readonly transport?: readonly ('handlers' | 'signals')[];
  /** For services whose routes are contracts (see @Route): who may call them, and how. Asked when the application is made, before it listens. */
  readonly routes?: (app: INestApplicationContext) => ServeOptions;
  /**
   * What is served by a Fastify plugin of others, such as a dashboard; it brings its own guard. Registered before the service listens.
   * Do not wait for `register`: Fastify would load what it has, and the error filter, which comes later, would be left out of every route.
   */
  readonly plugins?: (app: INestApplicationContext, fastify: FastifyInstance, logger: Logger) => void;
}

/**
 * The whole of a main.ts: configuration, logs, health, metrics, HTTP, transport, graceful stop.
 * `--check-config` only checks the configuration, `--print-config` prints it without secrets.
 * Exit codes: 0 after SIGTERM or SIGINT, 1 on a failure, 2 on a faulty configuration.
 */
export async function startService<D extends ConfigDefinition>(definition: ServiceDefinition<D>, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  const config = readConfig(definition.config, argv);
  if (config === undefined) return;
  const settings = config as unknown as ServiceSettings & Partial<TransportSettings>;
  const logger = createLogger({ service: definition.config.service, instance: settings.INSTANCE_ID, level: settings.LOG_LEVEL });
  process.on('uncaughtException', (err) => die(logger, err));
  process.on('unhandledRejection', (err) => die(logger, err));
  try {
    await start(definition, config, settings, logger);
  } catch (error) {
    die(logger, error);
  }
}

async function start<D extends ConfigDefinition>(
  definition: ServiceDefinition<D>,
  config: ConfigOf<D>,
  settings: ServiceSettings & Partial<TransportSettings>,
  logger: Logger,
): Promise<void> {
  const { service } = definition.config;
  const metrics = new Metrics(service);
  const stopTracing = await tracingOf(service, settings, logger);
  const redis = connectRedis({ url: settings.REDIS_URL, name: `${service}:health`, logger, reconnectMaxMs: settings.REDIS_RECONNECT_MAX_MS });
  const durable = requireDurableRedis(redis, { allowUnsafe: settings.REDIS_ALLOW_UNSAFE, logger });
  durable.catch((error: unknown) => die(logger, error));
  await Promise.race([durable, new Promise((resolve) => setTimeout(resolve, REDIS_WAIT_MS).unref())]);

  const transport = transportOptions(service, settings, logger, metrics);
  const parts = { config, logger, metrics, app: definition.module(config, logger), imports: definition.transport ? [TransportModule.forRoot(transport)] : [] };
  const adapter = new FastifyAdapter({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: 'idle', return503OnClosing: false, requestIdHeader: false, routerOptions: { maxParamLength: MAX_PARAM_LENGTH } });
  const options = { logger: new NestLogger(logger), abortOnError: false, bodyParser: false };
  const app = await NestFactory.create<NestFastifyApplication>(ShellModule.around(parts), adapter, options);
  app.useGlobalFilters(new AnyExceptionFilter(logger));
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: contractFault }));
  readJson(app.getHttpAdapter().getInstance());
  followRequests(app.getHttpAdapter().getInstance(), logger, metrics);
  if (definition.routes !== undefined) serveRoutes(app, app.getHttpAdapter().getInstance(), definition.routes(app));
  definition.plugins?.(app, app.getHttpAdapter().getInstance(), logger);

  const health = app.get(HealthRegistry);
  health.add(redisHealth(redis, settings.REDIS_KEY_PREFIX, settings.INSTANCE_ID));
  await connectTransports(app, definition.transport ?? [], settings, transport, health);
  const closeSilent = watchSilentConnections(app.getHttpServer());
  await app.listen(definition.portOf(config), settings.HOST);
  logger.info({ url: await app.getUrl(), pid: process.pid, bootMs: Math.round(performance.now()) }, `${service} is up`);
  // what booting left behind, some 20 MB, is given back now and not at the next full collection (needs --expose-gc)
  setTimeout(() => globalThis.gc?.(), BOOT_GARBAGE_MS).unref();
  stopOnSignal(logger, settings.SHUTDOWN_GRACE_MS, async () => {
    health.announceStop();
    await drainConnections(app.getHttpServer(), settings.SHUTDOWN_GRACE_MS);
    closeSilent();
    // a connection that was answering when the stop began would otherwise be kept alive for more than a minute
    const idle = setInterval(() => app.getHttpServer().closeIdleConnections(), IDLE_CLOSE_MS);
    await app.close();
    clearInterval(idle);
    await closeRedis(redis);
    await stopTracing();
  });
}

async function tracingOf(service: string, settings: ServiceSettings, logger: Logger): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, TRACE_SAMPLE_PERCENT: samplePercent, INSTANCE_ID: instance } = settings;
  return endpoint === undefined ? () => Promise.resolve() : startTracing({ service, instance, endpoint, samplePercent, logger });
}

async function connectTransports(
  app: NestFastifyApplication,
  wanted: readonly ('handlers' | 'signals')[],
  settings: ServiceSettings & Partial<TransportSettings>,
  transport: ReturnType<typeof transportOptions>,
  health: HealthRegistry,
): Promise<void> {
  if (wanted.includes('handlers')) {
    const strategy = new RedisStreamsServer({
      ...transport,
      graceMs: settings.SHUTDOWN_GRACE_MS,
      prefetch: settings.TRANSPORT_PREFETCH ?? 64,
      leaseMs: settings.TRANSPORT_LEASE_MS ?? 3_000,
      retry: { maxAttempts: settings.TRANSPORT_MAX_ATTEMPTS ?? 5 },
    });
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
    await app.startAllMicroservices();
    const check = strategy.health();
    if (check) health.add(check);
  }
  // best effort by nature: a service starts without it and hears signals when Redis is there
  if (wanted.includes('signals')) {
    const signals = app.connectMicroservice(signalTransport(settings.REDIS_FAST_URL ?? settings.REDIS_URL), { inheritAppConfig: true });
    void signals.listen();
  }
}

function transportOptions(service: string, settings: ServiceSettings & Partial<TransportSettings>, logger: Logger, metrics: Metrics) {
  return {
    ...{ service, instance: settings.INSTANCE_ID, logger, metrics, namespace: settings.REDIS_KEY_PREFIX },
    ...{ redisUrl: settings.REDIS_URL, redisFastUrl: settings.REDIS_FAST_URL, reconnectMaxMs: settings.REDIS_RECONNECT_MAX_MS },
    retentionMs: settings.TRANSPORT_RETENTION_MS ?? 86_400_000,
  };
}

/** @returns undefined when the process has done what its arguments asked for. */
function readConfig<D extends ConfigDefinition>(definition: D, argv: readonly string[]): ConfigOf<D> | undefined {
  try {
    const config = loadConfig(definition);
    if (argv.includes('--print-config')) process.stdout.write(`${printConfig(definition, config)}\n`);
    if (argv.includes('--check-config')) process.stdout.write(`The configuration of ${definition.service} is fine.\n`);
    return argv.includes('--print-config') || argv.includes('--check-config') ? undefined : (config as ConfigOf<D>);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

function die(logger: Logger, error: unknown): never {
  logger.fatal({ err: error, reason: describeError(error) }, 'the service cannot go on');
  process.exit(1);
}
