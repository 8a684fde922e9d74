import { startService } from '@angarium/service-shell';
import { emailWorkerConfig } from './config.js';
import { EmailWorkerModule } from './email-worker.module.js';

await startService({
  config: emailWorkerConfig,
  portOf: (config) => config.EMAIL_WORKER_PORT,
  module: (config, logger) => EmailWorkerModule.with(config, logger),
  transport: ['handlers'],
});
