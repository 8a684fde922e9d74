export { openApiOf } from './open-api.js';
export type { OpenApiOptions } from './open-api.js';
