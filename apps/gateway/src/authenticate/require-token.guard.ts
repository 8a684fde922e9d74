import { SharedErrors } from '@angarium/errors';
import { isPublic } from '@angarium/service-shell';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { OperatorToken } from './operator-token.js';

const wanted = 'This route is for operators, and GATEWAY_TOKEN did not come with the request. Send the header authorization: Bearer with it.';

/** Every HTTP route that has no contract asks for GATEWAY_TOKEN, unless it is marked @Public with its reason. Messages from inside carry none. */
@Injectable()
export class RequireTokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly token: OperatorToken,
  ) {}

  /** @throws UNAUTHORIZED */
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http' || isPublic(this.reflector, context)) return true;
    if (!this.token.isIn(context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>().headers)) throw SharedErrors.UNAUTHORIZED(wanted);
    return true;
  }
}
