import { defineConfig, redisVariables, serviceVariables, variable } from '@angarium/config';

export const smsWorkerConfig = defineConfig('sms-worker', {
  SMS_WORKER_PORT: variable.port({ description: 'Port of the SMS worker.', default: 3032 }),
  ...serviceVariables,
  ...redisVariables,
});
