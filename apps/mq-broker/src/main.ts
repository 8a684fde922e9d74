import { startService } from '@angarium/service-shell';
import { mqBrokerConfig } from './config.js';
import { MqBrokerModule } from './mq-broker.module.js';

await startService({ config: mqBrokerConfig, portOf: (config) => config.MQ_BROKER_PORT, module: () => MqBrokerModule });
