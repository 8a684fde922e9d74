import type { Sealer } from '@angarium/secrets';
import { Inject } from '@nestjs/common';

/** Provides the Sealer of this service, made from SEAL_KEYS. */
export const SEALER = Symbol('sealer');
/** `@InjectSealer() private readonly sealer: Sealer` */
export const InjectSealer = (): ParameterDecorator & PropertyDecorator => Inject(SEALER);
export type { Sealer };
