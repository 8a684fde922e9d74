/** Injects the client that signals go out through (NestJS' own Redis transport). */
export const SIGNALS = Symbol('signals');
