import { startService } from '@angarium/service-shell';
import { smsWorkerConfig } from './config.js';
import { SmsWorkerModule } from './sms-worker.module.js';

await startService({
  config: smsWorkerConfig,
  portOf: (config) => config.SMS_WORKER_PORT,
  module: (config, logger) => SmsWorkerModule.with(config, logger),
  transport: ['handlers'],
});
