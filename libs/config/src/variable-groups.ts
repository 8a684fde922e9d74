import { hostname } from 'node:os';
import { variable } from './variable.js';

/** Variables that every service has. `port` differs from service to service and stays in its config.ts. */
export const serviceVariables = {
  NODE_ENV: variable.oneOf(['development', 'test', 'production'], {
    description: 'What the process runs as; production hides development helps.',
    default: 'production',
  }),
  HOST: variable.text({ description: 'Address on which the service listens; 0.0.0.0 in a container.', default: '127.0.0.1' }),
  LOG_LEVEL: variable.oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
    description: 'Least level that is logged.',
    default: 'info',
  }),
  INSTANCE_ID: variable.text({
    description: 'Names this replica among its like; must differ between replicas. Left out: host name and process id.',
    default: `${hostname()}-${process.pid}`,
    maxLength: 100,
    pattern: /^[\w.:-]+$/,
    expected: 'letters, digits and . _ : - (at most 100)',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable.optionalUrl({
    description: 'Collector that takes OpenTelemetry traces by OTLP over HTTP, for example http://127.0.0.1:4318. Left out: no traces.',
    protocols: ['http', 'https'],
  }),
  TRACE_SAMPLE_PERCENT: variable.integer({
    description: 'Share of new traces that is exported.',
    unit: '%',
    default: 100,
    min: 0,
    max: 100,
  }),
  SHUTDOWN_GRACE_MS: variable.integer({
    description: 'How long work in flight may take to end after SIGTERM; then it is given back.',
    unit: 'ms',
    default: 10_000,
    min: 0,
    max: 600_000,
  }),
};

const redisProtocols = ['redis', 'rediss', 'redis+sentinel', 'redis+cluster'] as const;

/** Variables of services that speak to Redis. */
export const redisVariables = {
  REDIS_URL: variable.url({
    description:
      'The durable Redis (streams, queues): appendonly yes, noeviction. Also redis+sentinel://host:26379,host2:26379/master-name or redis+cluster://host:6379,host2:6379.',
    protocols: redisProtocols,
    default: 'redis://127.0.0.1:6379',
  }),
  REDIS_FAST_URL: variable.optionalUrl({
    description: 'Redis for what may vanish (signals, answers to requests). Left out: REDIS_URL.',
    protocols: redisProtocols,
  }),
  REDIS_KEY_PREFIX: variable.text({
    description: 'Namespace of every key and of the channels that answers come on; two systems with different ones may share a Redis. (Signals have none.)',
    default: 'angarium',
    maxLength: 50,
    pattern: /^[a-z][a-z0-9-]*$/,
    expected: 'lower-case letters, digits and - (at most 50)',
  }),
  REDIS_RECONNECT_MAX_MS: variable.integer({
    description: 'Longest pause between two attempts to reconnect; they start at 50 ms and double.',
    unit: 'ms',
    default: 1_000,
    min: 50,
    max: 60_000,
  }),
  REDIS_ALLOW_UNSAFE: variable.flag({
    description: 'Start although the durable Redis may evict keys or does not persist. Messages can then be lost.',
    default: false,
  }),
};

/** Variables of services that handle events and requests. */
export const transportVariables = {
  TRANSPORT_PREFETCH: variable.integer({
    description: 'How many events one replica handles at a time, and as many requests beside them.',
    unit: 'count',
    default: 64,
    min: 1,
    max: 10_000,
  }),
  TRANSPORT_LEASE_MS: variable.integer({
    description: 'A message whose replica has not been heard of for this long is given to another one.',
    unit: 'ms',
    default: 3_000,
    min: 500,
    max: 600_000,
  }),
  TRANSPORT_MAX_ATTEMPTS: variable.integer({
    description: 'How often a handler is tried before the message goes to the dead letters.',
    unit: 'count',
    default: 5,
    min: 1,
    max: 100,
  }),
  TRANSPORT_RETENTION_MS: variable.integer({
    description: 'How long handled events stay readable for services that join later. Unhandled ones are never trimmed.',
    unit: 'ms',
    default: 86_400_000,
    min: 0,
    max: 31_536_000_000,
  }),
};

/** Variables of services that own a Postgres schema. */
export const databaseVariables = {
  DATABASE_URL: variable.url({
    description: 'PostgreSQL with the migrations applied.',
    protocols: ['postgresql', 'postgres'],
    default: 'postgresql://angarium:angarium@127.0.0.1:5432/angarium',
  }),
  DATABASE_POOL_SIZE: variable.integer({
    description: 'Most connections that one replica opens.',
    unit: 'count',
    default: 10,
    min: 1,
    max: 200,
  }),
  DATABASE_TIMEOUT_MS: variable.integer({
    description: 'Longest wait for a connection and for one statement.',
    unit: 'ms',
    default: 5_000,
    min: 100,
    max: 600_000,
  }),
};

/** Variables of services that keep secrets which have to be read again. */
export const sealVariables = {
  SEAL_KEYS: variable.text({
    description: 'Keys that seal secrets in Postgres and Redis: kid:base64 of 32 bytes, several by commas; the first seals, all open. The same for every service. npm start makes one.',
    minLength: 46,
    secret: true,
  }),
};

/** Variables of services that tell people outside where the gateway is. */
export const publicVariables = {
  PUBLIC_URL: variable.optionalUrl({
    description: 'Address of the gateway as the internet sees it, such as https://api.example.com. Unsubscribe links begin with it, and receipts of SMS providers come there; without it Twilio sends none.',
    protocols: ['http', 'https'],
    secret: false,
  }),
};

/** Variables of services that put or take jobs. */
export const queueVariables = {
  REDIS_QUEUE_DB: variable.integer({
    description: 'Number of the Redis database in which the job queues live (0 where Redis is a cluster).',
    default: 1,
    min: 0,
    max: 15,
  }),
  QUEUE_LOCK_MS: variable.integer({
    description: 'A job whose worker has not been heard of for this long is given to another one.',
    unit: 'ms',
    default: 3_000,
    min: 500,
    max: 600_000,
  }),
};
