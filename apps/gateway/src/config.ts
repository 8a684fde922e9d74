import { databaseVariables, defineConfig, queueVariables, redisVariables, sealVariables, serviceVariables, variable, type ConfigOf } from '@angarium/config';

export const gatewayConfig = defineConfig('gateway', {
  GATEWAY_PORT: variable.port({ description: 'Port of the gateway.', default: 3000 }),
  GATEWAY_TOKEN: variable.text({
    description: 'Bearer token of the routes that are not open (GET /users/:id, GET /audit).',
    minLength: 24,
    secret: true,
  }),
  GATEWAY_USER_CACHE_MS: variable.integer({
    description: 'How long a replica remembers a user it was asked for; a changed profile is forgotten at once.',
    unit: 'ms',
    default: 30_000,
    min: 0,
    max: 3_600_000,
  }),
  ...serviceVariables,
  ...redisVariables,
  ...databaseVariables,
  REDIS_QUEUE_DB: queueVariables.REDIS_QUEUE_DB,
  ...sealVariables,
});
export type GatewayConfig = ConfigOf<typeof gatewayConfig>;
