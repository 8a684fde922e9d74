import { defineConfig, redisVariables, serviceVariables, variable } from '@angarium/config';

export const realtimeGatewayConfig = defineConfig('realtime-gateway', {
  REALTIME_GATEWAY_PORT: variable.port({ description: 'Port of the realtime gateway.', default: 3020 }),
  ...serviceVariables,
  ...redisVariables,
});
