import { startService } from '@angarium/service-shell';
import { taskWorkerConfig } from './config.js';
import { TaskWorkerModule } from './task-worker.module.js';

await startService({
  config: taskWorkerConfig,
  portOf: (config) => config.TASK_WORKER_PORT,
  module: (config, logger) => TaskWorkerModule.with(config, logger),
  transport: ['handlers'],
});
