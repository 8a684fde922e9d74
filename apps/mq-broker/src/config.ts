import { defineConfig, redisVariables, serviceVariables, variable } from '@angarium/config';

export const mqBrokerConfig = defineConfig('mq-broker', {
  MQ_BROKER_PORT: variable.port({ description: 'Port of the message broker.', default: 3010 }),
  ...serviceVariables,
  ...redisVariables,
});
