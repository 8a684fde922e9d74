export { defineConfig, loadConfig, printConfig } from './define-config.js';
export type { ConfigDefinition, ConfigOf, CrossCheck } from './define-config.js';
export { ConfigErrors } from './errors.js';
export { variable } from './variable.js';
export type { Variable } from './variable.js';
export { databaseVariables, queueVariables, publicVariables, redisVariables, sealVariables, serviceVariables, transportVariables } from './variable-groups.js';
