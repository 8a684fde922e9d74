import { QueueService } from '@angarium/queues';
import { startService } from '@angarium/service-shell';
import { GatewayAuthenticator } from './authenticate/gateway-authenticator.js';
import { gatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { NoteOperatorAct } from './queues/note-operator-act.js';
import { serveDashboard } from './queues/dashboard/serve-dashboard.js';

await startService({
  config: gatewayConfig,
  portOf: (config) => config.GATEWAY_PORT,
  module: (config, logger) => GatewayModule.with(config, logger),
  transport: ['signals'],
  routes: (app) => ({ authenticator: app.get(GatewayAuthenticator) }),
  plugins: (app, fastify, logger) => serveDashboard(fastify, { queues: app.get(QueueService), authenticator: app.get(GatewayAuthenticator), acts: app.get(NoteOperatorAct), logger }),
});
