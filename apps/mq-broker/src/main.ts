import { CredentialAuthenticator } from '@angarium/auth';
import { startService } from '@angarium/service-shell';
import { mqBrokerConfig } from './config.js';
import { armFaultPoint, type FaultPoint } from './flow/fault-point.js';
import { RunOnce } from './flow/accept/idempotency/run-once.js';
import { MqBrokerModule } from './mq-broker.module.js';

/** A batch of 5 MiB with what stands around its payloads. */
const BODY_LIMIT_BYTES = 20 * 1024 * 1024;

await startService({
  config: mqBrokerConfig,
  portOf: (config) => config.MQ_BROKER_PORT,
  module: (config, logger) => {
    const [point, count] = config.MQ_DIE_AT?.split(':') ?? [];
    if (point !== undefined) armFaultPoint(point as FaultPoint, Number(count));
    return MqBrokerModule.with(config, logger);
  },
  transport: ['handlers'],
  routes: (app) => ({ authenticator: app.get(CredentialAuthenticator), idempotency: app.get(RunOnce), bodyLimitBytes: BODY_LIMIT_BYTES }),
});
