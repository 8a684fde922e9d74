export { createSealer } from './create-sealer.js';
export type { Sealer } from './create-sealer.js';
export { SecretErrors } from './errors.js';
export { createSealKey } from './seal-keys.js';
