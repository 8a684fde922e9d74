import type { serviceVariables, redisVariables, transportVariables, ConfigDefinition, ConfigOf } from '@angarium/config';

type Values<V> = ConfigOf<ConfigDefinition<V extends ConfigDefinition['variables'] ? V : never>>;

/** Variables that the shell itself reads; every service config has them. */
export type ServiceSettings = Values<typeof serviceVariables> & Values<typeof redisVariables>;
/** As well, for services that handle events and requests. */
export type TransportSettings = Values<typeof transportVariables>;
