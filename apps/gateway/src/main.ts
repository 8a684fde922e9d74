import { startService } from '@angarium/service-shell';
import { gatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';

await startService({
  config: gatewayConfig,
  portOf: (config) => config.GATEWAY_PORT,
  module: (config, logger) => GatewayModule.with(config, logger),
  transport: ['signals'],
});
