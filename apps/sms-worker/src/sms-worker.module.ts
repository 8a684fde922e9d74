import { DatabaseModule, OutboxRelay, publishThrough } from '@angarium/database';
import type { Egress } from '@angarium/egress';
import { SharedLimits } from '@angarium/limits';
import { Metrics, type Logger } from '@angarium/observability';
import { JobWorker, QueueService, QueuesModule } from '@angarium/queues';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { createSealer } from '@angarium/secrets';
import { HealthRegistry } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Module, type DynamicModule, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { DeliveryRepository } from './claim/delivery.repository.js';
import { PhoneSealer } from './claim/phone-sealer.js';
import { ReconcileDelivery } from './claim/reconcile-delivery.js';
import { SendBatchSmsHandler } from './claim/send-batch-sms.handler.js';
import { SendOrder } from './claim/send-order.js';
import { SendSmsHandler } from './claim/send-sms.handler.js';
import { SendToPhone } from './claim/send-to-phone.js';
import { SettleAbandoned } from './claim/settle-abandoned.js';
import { SendVerificationCodeHandler } from './claim/send-verification-code.handler.js';
import { TakeJobs } from './claim/take-jobs.js';
import { TryProvider } from './claim/try-provider.js';
import { SmsTemplatesController } from './compose/sms-templates.controller.js';
import { TemplateRepository } from './compose/template.repository.js';
import { countriesOf, type SmsWorkerConfig } from './config.js';
import { createProviders } from './deliver/create-providers.js';
import { createSmsEgress } from './deliver/sms-egress.js';
import { ExplainSmsController } from './limit/explain-sms.controller.js';
import { parsePrices, type Prices } from './limit/parse-prices.js';
import { PhoneDigest } from './limit/phone-digest.js';
import { PhoneRegion } from './limit/phone-region.js';
import { SmsLimits, type LimitSettings } from './limit/sms-limits.js';
import { ApplyReceipt } from './receive/apply-receipt.js';
import { ReceiveReceipt } from './receive/receive-receipt.controller.js';
import { ApplySmsReceipt } from './report/apply-sms-receipt.js';
import { OutcomeRepository } from './report/outcome.repository.js';
import { RecordOutcome } from './report/record-outcome.js';
import { SmsMetrics } from './report/sms-metrics.js';
import { parseRoutes, type Routes } from './route/parse-routes.js';
import { ProviderChain } from './route/provider-chain.js';
import { SandboxStore } from './sandbox/sandbox-store.js';
import { SandboxController } from './sandbox/sandbox.controller.js';
import { SendSandboxReceipts } from './sandbox/send-sandbox-receipts.js';
import { CheckCode } from './verify/check-code.js';
import { CodeKeeper } from './verify/code-keeper.js';
import { ExpireVerifications } from './verify/expire-verifications.js';
import { StartCode } from './verify/start-code.js';
import { VerificationRepository } from './verify/verification.repository.js';
import { VerificationsController } from './verify/verifications.controller.js';

/** A provider's call may end this much later than its own limit says. */
const TIMEOUT_SLACK_MS = 1_000;
/** A row that is `sending` for longer than a call can take is of a worker that died. */
const GRACE_SLACK_MS = 3_000;

/** Sends SMS: claim → compose → limit → route → deliver → report, and makes and checks verification codes. */
@Module({})
export class SmsWorkerModule {
  static with(config: SmsWorkerConfig, logger: Logger): DynamicModule {
    return {
      module: SmsWorkerModule,
      imports: [
        DatabaseModule.forRoot({
          owner: 'sms',
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          timeoutMs: config.DATABASE_TIMEOUT_MS,
          applicationName: 'sms-worker',
          outbox: publishThrough(MessageBus, (bus, events) => bus.publishEncoded(events)),
          logger,
        }),
        QueuesModule.forRoot(queueOptions(config, logger)),
      ],
      controllers: [SmsTemplatesController, ExplainSmsController, VerificationsController, ReceiveReceipt, ...(hasSandbox(config) ? [SandboxController] : [])],
      providers: [
        ...[DeliveryRepository, OutcomeRepository, TemplateRepository, VerificationRepository, SmsMetrics],
        ...ways(config, logger),
        ...secrets(config),
        ...sending(config, logger),
        ...verifying(config, logger),
        ...taking(config, logger),
        ...(hasSandbox(config) ? sandbox(config, logger) : []),
      ],
    };
  }
}

/** The connections that are the worker's own. */
class Ways implements OnApplicationShutdown {
  constructor(
    readonly redis: RedisConnection,
    readonly egress: Egress,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
    await closeRedis(this.redis);
  }
}

/** To Redis, to the providers, and which of them there are. */
function ways(config: SmsWorkerConfig, logger: Logger): Provider[] {
  return [
    {
      provide: Ways,
      useFactory: () => new Ways(connectRedis({ url: config.REDIS_URL, name: 'sms', logger, reconnectMaxMs: config.REDIS_RECONNECT_MAX_MS }), createSmsEgress(config, logger)),
    },
    {
      provide: ProviderChain,
      inject: [Ways],
      useFactory: ({ redis, egress }: Ways) =>
        new ProviderChain(createProviders(config, egress, redis, logger), routesOf(config), { failures: config.SMS_CIRCUIT_FAILURES, openMs: config.SMS_CIRCUIT_OPEN_MS }),
    },
    { provide: SharedLimits, inject: [Ways], useFactory: ({ redis }: Ways) => new SharedLimits(redis, config.REDIS_KEY_PREFIX) },
  ];
}

function secrets({ SEAL_KEYS, VERIFICATION_SECRET, SMS_DEFAULT_REGION }: SmsWorkerConfig): Provider[] {
  const sealer = createSealer(SEAL_KEYS);
  return [
    { provide: PhoneSealer, useValue: new PhoneSealer(sealer) },
    { provide: CodeKeeper, useValue: new CodeKeeper(VERIFICATION_SECRET, sealer) },
    { provide: PhoneDigest, useValue: new PhoneDigest(VERIFICATION_SECRET) },
    { provide: PhoneRegion, useValue: new PhoneRegion(SMS_DEFAULT_REGION) },
  ];
}

/** From one SMS to its outcome. */
function sending(config: SmsWorkerConfig, logger: Logger): Provider[] {
  const timeoutMs = config.SMS_PROVIDER_TIMEOUT_MS + TIMEOUT_SLACK_MS;
  const reconciling = { logger, graceMs: timeoutMs + GRACE_SLACK_MS, afterMs: config.SMS_RECONCILE_AFTER_MS, maxAsks: config.SMS_RECONCILE_TRIES };
  return [
    { provide: SmsLimits, inject: [SharedLimits, PhoneDigest], useFactory: (shared: SharedLimits, digest: PhoneDigest) => new SmsLimits(shared, digest, limitSettings(config)) },
    {
      provide: RecordOutcome,
      inject: [OutcomeRepository, OutboxRelay, MessageBus],
      useFactory: (outcomes: OutcomeRepository, relay: OutboxRelay, { source }: MessageBus) => new RecordOutcome({ outcomes, relay, source, logger }),
    },
    { provide: ApplyReceipt, inject: [RecordOutcome, SmsMetrics], useFactory: (recorder: RecordOutcome, metrics: SmsMetrics) => new ApplySmsReceipt(recorder, metrics, logger) },
    {
      provide: ReconcileDelivery,
      inject: [DeliveryRepository, ProviderChain, RecordOutcome],
      useFactory: (deliveries: DeliveryRepository, chain: ProviderChain, recorder: RecordOutcome) => new ReconcileDelivery({ deliveries, chain, recorder, ...reconciling }),
    },
    {
      provide: TryProvider,
      inject: [DeliveryRepository, RecordOutcome, SmsMetrics],
      useFactory: (deliveries: DeliveryRepository, recorder: RecordOutcome, metrics: SmsMetrics) =>
        new TryProvider({ deliveries, recorder, metrics, logger, timeoutMs, reconcileAfterMs: config.SMS_RECONCILE_AFTER_MS }),
    },
    {
      provide: SendToPhone,
      inject: [DeliveryRepository, TemplateRepository, ProviderChain, SmsLimits, TryProvider, ReconcileDelivery, RecordOutcome, SmsMetrics],
      useFactory: (
        ...[deliveries, templates, chain, limits, tries, reconcile, recorder, metrics]: [
          DeliveryRepository,
          TemplateRepository,
          ProviderChain,
          SmsLimits,
          TryProvider,
          ReconcileDelivery,
          RecordOutcome,
          SmsMetrics,
        ]
      ) => new SendToPhone({ deliveries, templates, chain, limits, tries, reconcile, recorder, metrics, logger }),
    },
  ];
}

/** Codes: made, sent again, checked. */
function verifying(config: SmsWorkerConfig, logger: Logger): Provider[] {
  const { SMS_DEFAULT_REGION: defaultRegion } = config;
  const settings = {
    defaultRegion,
    lifeMs: config.VERIFICATION_LIFE_MS,
    resendMs: config.VERIFICATION_RESEND_MS,
    perPhoneHour: config.VERIFICATION_PER_PHONE_HOUR,
    perClientHour: config.VERIFICATION_PER_CLIENT_HOUR,
  };
  return [
    {
      provide: StartCode,
      inject: [ProviderChain, VerificationRepository, CodeKeeper, PhoneDigest, SmsLimits, SharedLimits, QueueService, SmsMetrics],
      useFactory: (
        ...[chain, verifications, codes, digest, limits, shared, queues, metrics]: [
          ...[ProviderChain, VerificationRepository, CodeKeeper, PhoneDigest, SmsLimits, SharedLimits, QueueService, SmsMetrics],
        ]
      ) => new StartCode({ chain, verifications, codes, digest, limits, shared, queues, metrics, logger, settings }),
    },
    {
      provide: CheckCode,
      inject: [VerificationRepository, CodeKeeper, PhoneDigest, SmsMetrics],
      useFactory: (verifications: VerificationRepository, codes: CodeKeeper, digest: PhoneDigest, metrics: SmsMetrics) =>
        new CheckCode({ verifications, codes, digest, metrics, logger, defaultRegion }),
    },
    {
      provide: ExpireVerifications,
      inject: [VerificationRepository, SmsMetrics],
      useFactory: (verifications: VerificationRepository, metrics: SmsMetrics) => new ExpireVerifications(verifications, metrics, logger),
    },
  ];
}

/** From the queue to the handlers, while the service runs. */
function taking(config: SmsWorkerConfig, logger: Logger): Provider[] {
  const { SMS_DEFAULT_REGION: defaultRegion, SMS_MAX_WAIT_MS: maxWaitMs } = config;
  return [
    {
      provide: JobWorker,
      inject: [SendToPhone, VerificationRepository, CodeKeeper, SmsMetrics, Metrics],
      useFactory: (sender: SendToPhone, verifications: VerificationRepository, codes: CodeKeeper, counts: SmsMetrics, metrics: Metrics) => {
        const orders = new SendOrder({ sender, defaultRegion, maxWaitMs });
        const code = new SendVerificationCodeHandler({ sender, verifications, codes, metrics: counts, logger, defaultRegion });
        return new JobWorker({
          ...queueOptions(config, logger),
          ...{ queue: 'sms', handlers: [new SendSmsHandler(orders), new SendBatchSmsHandler(orders), code], concurrency: config.SMS_WORKER_CONCURRENCY, lockMs: config.QUEUE_LOCK_MS, metrics },
          limiter: { max: config.SMS_JOBS_PER_SECOND, duration: 1_000 },
        });
      },
    },
    {
      provide: SettleAbandoned,
      inject: [DeliveryRepository, QueueService, ReconcileDelivery, RecordOutcome],
      useFactory: (deliveries: DeliveryRepository, queues: QueueService, reconcile: ReconcileDelivery, recorder: RecordOutcome) =>
        new SettleAbandoned({ deliveries, queues, reconcile, recorder, logger, quietMs: config.SMS_ABANDONED_AFTER_MS }),
    },
    {
      provide: TakeJobs,
      inject: [JobWorker, RecordOutcome, ExpireVerifications, SettleAbandoned, HealthRegistry, DeliveryRepository],
      useFactory: (
        ...[worker, recorder, expiry, abandoned, health, deliveries]: [JobWorker, RecordOutcome, ExpireVerifications, SettleAbandoned, HealthRegistry, DeliveryRepository]
      ) => {
        // providers are no part of readiness: without one a replica still takes orders, and they wait
        health.add(worker.health(), deliveries.health());
        return new TakeJobs({ worker, recorder, expiry, abandoned, graceMs: config.SHUTDOWN_GRACE_MS });
      },
    },
  ];
}

/** In production nothing shows texts. */
function hasSandbox({ NODE_ENV }: SmsWorkerConfig): boolean {
  return NODE_ENV !== 'production';
}

function sandbox({ REDIS_KEY_PREFIX }: SmsWorkerConfig, logger: Logger): Provider[] {
  return [
    { provide: SandboxStore, inject: [Ways], useFactory: ({ redis }: Ways) => new SandboxStore(redis, REDIS_KEY_PREFIX) },
    {
      provide: SendSandboxReceipts,
      inject: [SandboxStore, ApplyReceipt],
      useFactory: (store: SandboxStore, receipts: ApplyReceipt) => new SendSandboxReceipts(store, receipts, logger),
    },
  ];
}

function queueOptions({ REDIS_URL, REDIS_QUEUE_DB, REDIS_KEY_PREFIX, SEAL_KEYS }: SmsWorkerConfig, logger: Logger) {
  return { redisUrl: REDIS_URL, db: REDIS_QUEUE_DB, namespace: REDIS_KEY_PREFIX, sealKeys: SEAL_KEYS, logger };
}

function routesOf({ SMS_ROUTES }: SmsWorkerConfig): Routes | undefined {
  const routes = SMS_ROUTES === undefined ? undefined : parseRoutes(SMS_ROUTES);
  return typeof routes === 'string' ? undefined : routes; // a fault was told with the configuration
}

function limitSettings(config: SmsWorkerConfig): LimitSettings {
  const prices = parsePrices(config.SMS_PRICES);
  return {
    phonePerMinute: config.SMS_PHONE_PER_MINUTE,
    phoneProviderPerMinute: config.SMS_PHONE_PROVIDER_PER_MINUTE,
    prefixPerMinute: config.SMS_PREFIX_PER_MINUTE,
    tenantPerMinute: config.SMS_TENANT_PER_MINUTE,
    tenantPerDay: config.SMS_TENANT_PER_DAY,
    providerPerSecond: config.SMS_PROVIDER_PER_SECOND,
    providerPerMinute: config.SMS_PROVIDER_PER_MINUTE,
    spendPerDay: config.SMS_SPEND_PER_DAY,
    prices: typeof prices === 'string' ? (new Map() as Prices) : prices,
    countries: new Set(countriesOf(config)),
  };
}
