/** Seals what a request carries through Redis to a worker, which opens it with the same SEAL_KEYS. */
export const SEALER = Symbol('sealer');
