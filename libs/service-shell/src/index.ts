export { HealthRegistry } from './health/health-registry.js';
export type { HealthReport } from './health/health-registry.js';
export { isPublic, Public } from './http/public.decorator.js';
export { startService } from './start/start-service.js';
export type { ServiceDefinition } from './start/start-service.js';
export { InjectConfig, InjectLogger } from './tokens.js';
