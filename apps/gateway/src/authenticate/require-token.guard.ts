import { createHash, timingSafeEqual } from 'node:crypto';
import { SharedErrors } from '@angarium/errors';
import { InjectConfig, isPublic } from '@angarium/service-shell';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GatewayConfig } from '../config.js';

/** Every HTTP route asks for the bearer token, unless it is marked @Public with its reason. Messages from inside carry none. */
@Injectable()
export class RequireTokenGuard implements CanActivate {
  private readonly expected: Buffer;

  constructor(
    private readonly reflector: Reflector,
    @InjectConfig() config: GatewayConfig,
  ) {
    this.expected = digest(config.GATEWAY_TOKEN);
  }

  /** @throws UNAUTHORIZED */
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http' || isPublic(this.reflector, context)) return true;
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const token = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
    // digests have one length, so comparing them tells nothing about the token's
    if (token === undefined || !timingSafeEqual(digest(token), this.expected)) throw SharedErrors.UNAUTHORIZED();
    return true;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
