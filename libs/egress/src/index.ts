export { createEgress } from './create-egress.js';
export type { Egress, EgressOptions, EgressRequest } from './create-egress.js';
export { EgressErrors } from './errors.js';
export type { EgressResponse } from './exchange.js';
export { isPublicAddress } from './is-public-address.js';
export { checkTarget } from './read-target.js';
export type { TargetOptions } from './target-rules.js';
