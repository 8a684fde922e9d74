import { databaseVariables, defineConfig, queueVariables, redisVariables, sealVariables, serviceVariables, transportVariables, variable, type ConfigOf } from '@angarium/config';
import { faultPoints } from './flow/fault-point.js';

/** `committed:5` */
function isFaultPoint(text: string): boolean {
  const [point, count] = text.split(':');
  return (faultPoints as readonly (string | undefined)[]).includes(point) && /^\d+$/.test(count ?? '');
}

export const mqBrokerConfig = defineConfig('mq-broker', {
  MQ_BROKER_PORT: variable.port({ description: 'Port of the message broker.', default: 3010 }),
  ...sealVariables,
  MAX_MESSAGE_SIZE: variable.integer({ description: 'Largest payload of a message.', unit: 'bytes', default: 1_048_576, min: 1_024, max: 16_777_216 }),
  MAX_QUEUE_LENGTH: variable.integer({
    description: 'Most messages that the slowest subscription of a topic may leave waiting before publishes are refused with 507; a topic may say otherwise.',
    unit: 'count',
    default: 10_000_000,
    min: 1,
    max: 1_000_000_000,
  }),
  MQ_PUBLISH_RATE: variable.integer({
    description: 'Messages a second that a tenant may publish over all replicas; a tenant may have a rate of its own.',
    unit: 'count',
    default: 100_000,
    min: 1,
    max: 10_000_000,
  }),
  MESSAGE_BATCH_SIZE: variable.integer({ description: 'Most messages of one commit.', unit: 'count', default: 400, min: 1, max: 10_000 }),
  MAX_CONCURRENT_CONSUMERS: variable.integer({
    description: 'Deliveries that one replica has in flight at a time, over all webhooks, queues and rooms.',
    unit: 'count',
    default: 256,
    min: 1,
    max: 10_000,
  }),
  WEBHOOK_PRIVATE_HOSTS: variable.optionalText({
    description: 'Hosts (or host:port), by commas, that webhooks may call although their address is private; http:// is allowed for these. For development and tests.',
  }),
  MQ_DIE_AT: variable.optionalText({
    description: 'For tests: the replica kills itself when it passes this point of the journey for the n-th time, as `committed:5`. Refused in production.',
  }),
  ...serviceVariables,
  ...redisVariables,
  ...databaseVariables,
  ...transportVariables,
  ...queueVariables,
}, [
  ({ MQ_DIE_AT: point, NODE_ENV }) => {
    if (point === undefined) return undefined;
    if (NODE_ENV === 'production') return 'MQ_DIE_AT is for tests; leave it out in production';
    return isFaultPoint(point) ? undefined : `MQ_DIE_AT names one of ${faultPoints.join(', ')}, a colon and a count, as committed:5`;
  },
]);
export type MqBrokerConfig = ConfigOf<typeof mqBrokerConfig>;
