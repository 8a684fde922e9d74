import { startService } from '@angarium/service-shell';
import { deviceWorkerConfig } from './config.js';
import { DeviceWorkerModule } from './device-worker.module.js';

await startService({ config: deviceWorkerConfig, portOf: (config) => config.DEVICE_WORKER_PORT, module: () => DeviceWorkerModule });
