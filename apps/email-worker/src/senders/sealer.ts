/** Names the Sealer of SEAL_KEYS; undefined where there are none. */
export const SEALER = Symbol('angarium:sealer');
