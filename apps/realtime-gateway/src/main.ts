import { startService } from '@angarium/service-shell';
import { realtimeGatewayConfig } from './config.js';
import { RealtimeGatewayModule } from './realtime-gateway.module.js';

await startService({ config: realtimeGatewayConfig, portOf: (config) => config.REALTIME_GATEWAY_PORT, module: () => RealtimeGatewayModule });
