import type { TenantCaller } from '@angarium/auth';
import { loadConfig } from '@angarium/config';
import { openSql, type Sql } from '@angarium/database';
import { Metrics, silentLogger, type Logger } from '@angarium/observability';
import { QueuesModule } from '@angarium/queues';
import { createSealer } from '@angarium/secrets';
import { InjectConfig, InjectLogger } from '@angarium/service-shell';
import { TransportModule } from '@angarium/transport';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { CatalogModule } from '../../catalog/catalog.module.js';
import { CatalogSignals } from '../../catalog/catalog-signals.js';
import { SchedulesModule } from '../../catalog/schedules/schedules.module.js';
import { mqBrokerConfig, type MqBrokerConfig } from '../../config.js';
import { RunOnce } from '../../flow/accept/idempotency/run-once.js';
import type { Flow } from '../../flow/assemble-flow.js';
import { FLOW, FlowModule } from '../../flow/flow.module.js';
import { DeadLettersModule } from '../../flow/settle/dead-letters.module.js';
import { SEALER } from '../../sealer.js';
import { SqlModule } from '../../sql.js';
import { MessagesModule } from '../../watch/messages.module.js';
import { BrokerMeter } from '../../watch/metrics/broker-meter.js';
import { startTestApi, type TestApi } from '../start-test-api.js';

export interface ReplicaOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly sealKeys: string;
  readonly instance: string;
  readonly callers: readonly [TenantCaller, ...TenantCaller[]];
  /** Variables of config.ts, as in the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly logger?: Logger;
}

/** One replica of the broker in this process: the real flow and catalogue behind HTTP, its loops running. */
export interface Replica extends TestApi {
  readonly instance: string;
  readonly flow: Flow;
  /** Its own connections. */
  readonly sql: Sql;
  readonly metrics: Metrics;
}

/** What FlowModule and the catalogue ask for, under the names that main.ts gives it. */
@Global()
@Module({})
class Surroundings {}

export const BENCH_NAMESPACE = 'bench';
const QUEUE_DB = 1;

/** Resolves when it answers. `close` stops it as SIGTERM does. */
export async function startReplica({ databaseUrl, redisUrl, sealKeys, instance, callers, env, logger = silentLogger }: ReplicaOptions): Promise<Replica> {
  const config = loadConfig(mqBrokerConfig, {
    ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, SEAL_KEYS: sealKeys, INSTANCE_ID: instance, REDIS_KEY_PREFIX: BENCH_NAMESPACE, NODE_ENV: 'test' },
    ...{ WEBHOOK_PRIVATE_HOSTS: '127.0.0.1', SHUTDOWN_GRACE_MS: '5000', REDIS_RECONNECT_MAX_MS: '100', ...env },
  });
  const sql = openSql({ url: databaseUrl, logger, poolSize: config.DATABASE_POOL_SIZE, timeoutMs: config.DATABASE_TIMEOUT_MS, applicationName: instance });
  const metrics = new Metrics(`mq-broker-${instance}`);
  let flow: Flow | undefined;
  const once = new RunOnce({ sql, logger });
  const api = await startTestApi({
    callers,
    idempotency: once,
    imports: [
      surroundings({ config, once, metrics, logger, sealKeys }),
      SqlModule.around(sql),
      TransportModule.forRoot({ service: 'mq-broker', instance, redisUrl, namespace: BENCH_NAMESPACE, reconnectMaxMs: 100, logger }),
      QueuesModule.forRoot({ redisUrl, db: QUEUE_DB, namespace: BENCH_NAMESPACE, logger }),
      FlowModule,
      CatalogModule,
      SchedulesModule.with(),
      DeadLettersModule,
      MessagesModule,
    ],
    providers: [{ provide: 'seen', useFactory: (it: Flow) => (flow = it), inject: [FLOW] }],
  });
  if (flow === undefined) throw new TypeError('no flow was assembled');
  const close = async (): Promise<void> => {
    await api.close();
    await sql.end();
  };
  return { ...api, instance, flow, sql, metrics, close };
}

interface Surrounding {
  readonly config: MqBrokerConfig;
  readonly once: RunOnce;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly sealKeys: string;
}

function surroundings({ config, once, metrics, logger, sealKeys }: Surrounding): DynamicModule {
  const providers: Provider[] = [
    { provide: tokenOf(InjectConfig()), useValue: config },
    { provide: tokenOf(InjectLogger()), useValue: logger },
    { provide: SEALER, useValue: createSealer(sealKeys) },
    { provide: BrokerMeter, useValue: new BrokerMeter(metrics) },
    { provide: RunOnce, useValue: once },
    CatalogSignals,
  ];
  return { module: Surroundings, providers, exports: providers.map((it) => ('provide' in it ? it.provide : it)) };
}

/** The token behind an injecting decorator: the shell keeps it to itself. */
function tokenOf(decorate: ParameterDecorator): symbol {
  class Asking {}
  decorate(Asking, undefined, 0);
  const [asked] = Reflect.getMetadata('self:paramtypes', Asking) as { readonly param: symbol }[];
  if (asked === undefined) throw new TypeError('the decorator injects nothing');
  return asked.param;
}
