export type { HealthCheck } from './health-check.js';
export { createLogger, silentLogger } from './logger.js';
export type { Logger, LoggerOptions } from './logger.js';
export { childTraceparent, currentContext, followContext, runInContext, traceIdOf } from './message-context.js';
export type { MessageContext } from './message-context.js';
export { Metrics } from './metrics.js';
export type { Counter, Gauge, Histogram, Registry } from './metrics.js';
export { NestLogger } from './nest-logger.js';
