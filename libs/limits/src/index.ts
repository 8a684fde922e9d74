export { SharedLimits } from './shared-limits.js';
export type { Limit, LimitVerdict } from './shared-limits.js';
