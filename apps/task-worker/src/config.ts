import { databaseVariables, defineConfig, redisVariables, serviceVariables, transportVariables, variable, type ConfigOf } from '@angarium/config';

export const taskWorkerConfig = defineConfig('task-worker', {
  TASK_WORKER_PORT: variable.port({ description: 'Port of the task worker (health and metrics).', default: 3034 }),
  ...serviceVariables,
  ...redisVariables,
  ...transportVariables,
  ...databaseVariables,
});
export type TaskWorkerConfig = ConfigOf<typeof taskWorkerConfig>;
