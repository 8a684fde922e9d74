import { DatabaseModule, OutboxRelay, publishThrough } from '@angarium/database';
import { Metrics, type Logger } from '@angarium/observability';
import { JobWorker, QueuesModule } from '@angarium/queues';
import { HealthRegistry } from '@angarium/service-shell';
import { MessageBus } from '@angarium/transport';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ClaimDelivery } from './claim/claim-delivery.js';
import { DeliveryRepository } from './claim/delivery.repository.js';
import { OrderWantedMails } from './claim/order-wanted-mails.controller.js';
import { SendEmailHandler } from './claim/send-email.handler.js';
import { TakeJobs } from './claim/take-jobs.js';
import type { ComposeLimits } from './compose/compose-mail.js';
import { FetchStoredFile } from './compose/fetch-stored-file.js';
import { parseMailbox } from './compose/parse-mailbox.js';
import type { EmailWorkerConfig } from './config.js';
import { MailTransport } from './deliver/mail-transport.js';
import { smtpTransport } from './deliver/smtp.provider.js';
import { EmailErrors } from './errors.js';
import { DeliveryMetrics } from './report/delivery-metrics.js';
import { OutcomeRecorder } from './report/outcome-recorder.js';
import { OutcomeRepository } from './report/outcome.repository.js';
import { AnswerTemplates } from './templates/answer-templates.controller.js';
import { RenderTemplate } from './templates/render-template.js';
import { templateProviders } from './templates/template.providers.js';

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
      controllers: [OrderWantedMails, AnswerTemplates],
      providers: [DeliveryRepository, OutcomeRepository, DeliveryMetrics, ...sending(config, logger), ...taking(config, logger), ...templateProviders(logger)],
    };
  }
}

/** From the order of one mail to its outcome. */
function sending(config: EmailWorkerConfig, logger: Logger): Provider[] {
  return [
    { provide: MailTransport, useFactory: () => smtpTransport(config, logger) },
    { provide: FetchStoredFile, useFactory: () => new FetchStoredFile({ gatewayUrl: config.GATEWAY_URL, serviceToken: config.INTERNAL_SERVICE_TOKEN, logger }) },
    {
      provide: OutcomeRecorder,
      inject: [OutcomeRepository, OutboxRelay, MessageBus],
      useFactory: (outcomes: OutcomeRepository, relay: OutboxRelay, { source }: MessageBus) =>
        new OutcomeRecorder({ write: (those) => outcomes.close(those), onCommitted: () => relay.kick(), source, logger }),
    },
    {
      provide: SendEmailHandler,
      inject: [DeliveryRepository, MailTransport, OutcomeRecorder, DeliveryMetrics, RenderTemplate, FetchStoredFile],
      useFactory: (deliveries: DeliveryRepository, transport: MailTransport, recorder: OutcomeRecorder, metrics: DeliveryMetrics, templates: RenderTemplate, files: FetchStoredFile) =>
        new SendEmailHandler({ claims: new ClaimDelivery((claims) => deliveries.claim(claims)), transport, recorder, metrics, logger, limits: composeLimits(config), templates, files }),
    },
  ];
}

/** From the queue to `SendEmailHandler`, while the service runs. */
function taking(config: EmailWorkerConfig, logger: Logger): Provider[] {
  return [
    {
      provide: JobWorker,
      inject: [SendEmailHandler, Metrics],
      useFactory: (handler: SendEmailHandler, metrics: Metrics) =>
        new JobWorker({
          ...queueOptions(config, logger),
          ...{ queue: 'email', handlers: [handler], concurrency: config.EMAIL_WORKER_CONCURRENCY, lockMs: config.QUEUE_LOCK_MS, metrics },
          limiter: { max: config.EMAIL_RATE_PER_SECOND, duration: 1_000 },
        }),
    },
    {
      provide: TakeJobs,
      inject: [JobWorker, OutcomeRecorder, MailTransport, HealthRegistry, DeliveryRepository],
      useFactory: (worker: JobWorker, recorder: OutcomeRecorder, transport: MailTransport, health: HealthRegistry, deliveries: DeliveryRepository) => {
        // the mail server is no part of readiness: without it a replica still takes orders, and they wait
        health.add(worker.health(), deliveries.health());
        return new TakeJobs({ worker, recorder, transport, graceMs: config.SHUTDOWN_GRACE_MS });
      },
    },
  ];
}

function queueOptions({ REDIS_URL, REDIS_QUEUE_DB, REDIS_KEY_PREFIX }: EmailWorkerConfig, logger: Logger) {
  return { redisUrl: REDIS_URL, db: REDIS_QUEUE_DB, namespace: REDIS_KEY_PREFIX, logger };
}

function composeLimits({ EMAIL_FROM, EMAIL_MAX_BYTES, EMAIL_MAX_RECIPIENTS, EMAIL_ATTACHMENT_DIR }: EmailWorkerConfig): ComposeLimits {
  const defaultFrom = parseMailbox(EMAIL_FROM);
  if (defaultFrom === undefined) throw EmailErrors.EMAIL_INVALID('EMAIL_FROM is no sender. Give "name@domain" or "Name <name@domain>".');
  return { defaultFrom, maxBytes: EMAIL_MAX_BYTES, maxRecipients: EMAIL_MAX_RECIPIENTS, attachmentFolder: EMAIL_ATTACHMENT_DIR };
}
