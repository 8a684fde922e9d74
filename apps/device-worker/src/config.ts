import { defineConfig, redisVariables, serviceVariables, variable } from '@angarium/config';

export const deviceWorkerConfig = defineConfig('device-worker', {
  DEVICE_WORKER_PORT: variable.port({ description: 'Port of the device worker.', default: 3033 }),
  ...serviceVariables,
  ...redisVariables,
});
