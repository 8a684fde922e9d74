import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

const PUBLIC_REASON = 'angarium:public-reason';

/** Opens a route (or all of a controller) to callers without a credential, and says why. Everything else is guarded. */
export const Public = (reason: string): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_REASON, reason);

/** Whether the route of this context is open. */
export function isPublic(reflector: Reflector, context: ExecutionContext): boolean {
  return reflector.getAllAndOverride<string | undefined>(PUBLIC_REASON, [context.getHandler(), context.getClass()]) !== undefined;
}
