import { DatabaseModule, OutboxRelay, publishThrough } from '@angarium/database';
import { SharedLimits } from '@angarium/limits';
import { Metrics, type Logger } from '@angarium/observability';
import { JobWorker, QueuesModule } from '@angarium/queues';
import { createSealer, type Sealer } from '@angarium/secrets';
import { HealthRegistry } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { BounceRepository } from './bounce/bounce.repository.js';
import { ReportBounce } from './bounce/report-bounce.controller.js';
import { ClaimDelivery } from './claim/claim-delivery.js';
import { DeliveryRepository } from './claim/delivery.repository.js';
import { OrderWantedMails } from './claim/order-wanted-mails.controller.js';
import { SendBatchEmailHandler } from './claim/send-batch-email.handler.js';
import { SendEmailHandler } from './claim/send-email.handler.js';
import { SendMail } from './claim/send-mail.js';
import { SendScheduledEmailHandler } from './claim/send-scheduled-email.handler.js';
import { TakeJobs } from './claim/take-jobs.js';
import { FetchStoredFile } from './compose/fetch-stored-file.js';
import type { EmailWorkerConfig } from './config.js';
import { DeliverMail } from './deliver/deliver-mail.js';
import { LimitsConnection } from './deliver/limits/limits-connection.js';
import { MailPace } from './deliver/limits/mail-pace.js';
import { DeliveryMetrics } from './report/delivery-metrics.js';
import { OutcomeRecorder } from './report/outcome-recorder.js';
import { OutcomeRepository } from './report/outcome.repository.js';
import { AnswerSenders, TEST_SENDER_OPTIONS } from './senders/answer-senders.controller.js';
import { FindSender } from './senders/find-sender.js';
import { SEALER } from './senders/sealer.js';
import { SenderRepository } from './senders/sender.repository.js';
import { SenderPools } from './senders/sender-pools.js';
import { SenderSecrets } from './senders/sender-secrets.js';
import { senderPools, systemSender, testSenderOptions } from './senders/senders.provider.js';
import { AnswerSuppressions } from './suppress/answer-suppressions.controller.js';
import { SuppressionRepository } from './suppress/suppression.repository.js';
import { UnsubscribeLinks } from './suppress/unsubscribe-links.js';
import { AnswerTemplates } from './templates/answer-templates.controller.js';
import { RenderTemplate } from './templates/render-template.js';
import { templateProviders } from './templates/template.providers.js';
import { Unsubscribe } from './suppress/unsubscribe.controller.js';

/** Sends mails: claim → compose → deliver → report. */
@Module({})
export class EmailWorkerModule {
  static with(config: EmailWorkerConfig, logger: Logger): DynamicModule {
    return {
      module: EmailWorkerModule,
      imports: [
        DatabaseModule.forRoot({
          owner: 'email',
          url: config.DATABASE_URL,
          poolSize: config.DATABASE_POOL_SIZE,
          timeoutMs: config.DATABASE_TIMEOUT_MS,
          applicationName: 'email-worker',
          outbox: publishThrough(MessageBus, (bus, events) => bus.publishEncoded(events)),
          logger,
        }),
        QueuesModule.forRoot(queueOptions(config, logger)),
      ],
      controllers: [OrderWantedMails, AnswerTemplates, AnswerSuppressions, Unsubscribe, AnswerSenders, ReportBounce],
      providers: [
        ...[DeliveryRepository, OutcomeRepository, SuppressionRepository, SenderRepository, BounceRepository, DeliveryMetrics],
        ...[...templateProviders(logger), ...sending(config, logger), ...taking(config, logger)],
      ],
    };
  }
}

/** From the order of one mail to its outcome. */
function sending(config: EmailWorkerConfig, logger: Logger): Provider[] {
  return [
    { provide: SEALER, useFactory: () => (config.SEAL_KEYS === undefined ? undefined : createSealer(config.SEAL_KEYS)) },
    {
      provide: FindSender,
      inject: [SenderRepository, SenderPools],
      useFactory: (senders: SenderRepository, pools: SenderPools) => new FindSender({ senders, pools, system: systemSender(config, logger) }),
    },
    { provide: SenderSecrets, inject: [SEALER], useFactory: (sealer: Sealer | undefined) => new SenderSecrets(sealer) },
    { provide: SenderPools, inject: [SenderSecrets], useFactory: (secrets: SenderSecrets) => senderPools(config, secrets, logger) },
    { provide: TEST_SENDER_OPTIONS, useFactory: () => testSenderOptions(config) },
    {
      provide: MailPace,
      inject: [LimitsConnection],
      useFactory: ({ redis }: LimitsConnection) => new MailPace({ limits: new SharedLimits(redis, config.REDIS_KEY_PREFIX), domainRate: config.EMAIL_DOMAIN_RATE, logger }),
    },
    { provide: LimitsConnection, useFactory: () => new LimitsConnection(config, logger) },
    { provide: FetchStoredFile, useFactory: () => new FetchStoredFile({ gatewayUrl: config.GATEWAY_URL, serviceToken: config.INTERNAL_SERVICE_TOKEN, logger }) },
    {
      provide: OutcomeRecorder,
      inject: [OutcomeRepository, OutboxRelay, MessageBus],
      useFactory: (outcomes: OutcomeRepository, relay: OutboxRelay, { source }: MessageBus) =>
        new OutcomeRecorder({ write: (those) => outcomes.close(those), onCommitted: () => relay.kick(), source, logger }),
    },
    {
      provide: ClaimDelivery,
      inject: [DeliveryRepository],
      useFactory: (deliveries: DeliveryRepository) => new ClaimDelivery((claims) => deliveries.claim(claims)),
    },
    {
      provide: SendMail,
      inject: [ClaimDelivery, DeliveryRepository, FindSender, MailPace, OutcomeRecorder, DeliveryMetrics, RenderTemplate, FetchStoredFile, SEALER],
      useFactory: (
        ...[claims, deliveries, senders, pace, recorder, metrics, templates, files, sealer]: [
          ...[ClaimDelivery, DeliveryRepository, FindSender, MailPace, OutcomeRecorder, DeliveryMetrics, RenderTemplate, FetchStoredFile],
          Sealer | undefined,
        ]
      ) =>
        new SendMail({
          ...{ claims, deliveries, senders, recorder, templates, files, metrics, logger, limits: composeLimits(config) },
          ...{ deliver: new DeliverMail(pace), unsubscribe: new UnsubscribeLinks(publicUrlOf(config), sealer) },
        }),
    },
    {
      provide: SendBatchEmailHandler,
      inject: [SendMail, DeliveryRepository],
      useFactory: (mail: SendMail, deliveries: DeliveryRepository) => new SendBatchEmailHandler({ mail, deliveries, concurrency: config.EMAIL_BATCH_CONCURRENCY, logger }),
    },
  ];
}

/** From the queue to the handlers, while the service runs. */
function taking(config: EmailWorkerConfig, logger: Logger): Provider[] {
  return [
    {
      provide: JobWorker,
      inject: [SendMail, SendBatchEmailHandler, Metrics],
      useFactory: (mail: SendMail, batches: SendBatchEmailHandler, metrics: Metrics) =>
        new JobWorker({
          ...queueOptions(config, logger),
          ...{ queue: 'email', handlers: [new SendEmailHandler(mail), batches, new SendScheduledEmailHandler(mail)] },
          ...{ concurrency: config.EMAIL_WORKER_CONCURRENCY, lockMs: config.QUEUE_LOCK_MS, metrics },
          limiter: { max: config.EMAIL_RATE_PER_SECOND, duration: 1_000 },
        }),
    },
    {
      provide: TakeJobs,
      inject: [JobWorker, SendBatchEmailHandler, OutcomeRecorder, FindSender, HealthRegistry, DeliveryRepository],
      useFactory: (...[worker, batches, recorder, senders, health, deliveries]: [JobWorker, SendBatchEmailHandler, OutcomeRecorder, FindSender, HealthRegistry, DeliveryRepository]) => {
        // the mail server is no part of readiness: without it a replica still takes orders, and they wait
        health.add(worker.health(), deliveries.health());
        return new TakeJobs({ worker, batches, recorder, senders, graceMs: config.SHUTDOWN_GRACE_MS });
      },
    },
  ];
}

/** On a developer's machine the gateway is where it is by default. */
function publicUrlOf({ PUBLIC_URL, NODE_ENV }: EmailWorkerConfig): string | undefined {
  return PUBLIC_URL ?? (NODE_ENV === 'production' ? undefined : 'http://127.0.0.1:3000');
}

function queueOptions({ REDIS_URL, REDIS_QUEUE_DB, REDIS_KEY_PREFIX }: EmailWorkerConfig, logger: Logger) {
  return { redisUrl: REDIS_URL, db: REDIS_QUEUE_DB, namespace: REDIS_KEY_PREFIX, logger };
}

function composeLimits({ EMAIL_MAX_BYTES, EMAIL_MAX_RECIPIENTS, EMAIL_ATTACHMENT_DIR }: EmailWorkerConfig) {
  return { maxBytes: EMAIL_MAX_BYTES, maxRecipients: EMAIL_MAX_RECIPIENTS, attachmentFolder: EMAIL_ATTACHMENT_DIR };
}
