export { AngariumError, isWireError } from './angarium-error.js';
export type { Blame, ErrorBody, ErrorContext, RetryVerdict, WireError } from './angarium-error.js';
export { defineErrors } from './define-errors.js';
export type { ErrorCatalogue, ErrorDefinition, ErrorFactory } from './define-errors.js';
export { SharedErrors } from './shared-errors.js';
export { describeError, toAngariumError } from './to-angarium-error.js';
export { ignoreError } from './ignore-error.js';
export type { IgnoredErrorLog } from './ignore-error.js';
