import { AuthErrors, type Caller } from '@angarium/auth';
import { SharedErrors, toAngariumError } from '@angarium/errors';
import type { Authenticator } from '@angarium/service-shell';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';

const safeMethods = new Set(['GET', 'HEAD']);

/**
 * Lets operators into pages that browsers show: by `authorization: Bearer`, as everywhere, or by HTTP Basic with any name and the token or key
 * as password, which a browser asks for and then sends by itself, also with what other sites make it send. So a change by Basic has to come
 * from our own page. Answers 401, 403 or 503 itself, in the shape of all errors; undefined: go on, and `admitted` was told who it is.
 */
export async function admitOperator(request: FastifyRequest, reply: FastifyReply, authenticator: Authenticator, admitted: (caller: Caller) => void): Promise<FastifyReply | undefined> {
  try {
    const password = basicPassword(request.headers);
    const headers = password === undefined ? request.headers : { authorization: `Bearer ${password}` };
    const caller = await authenticator.authenticate(headers, { kind: 'operator' });
    if (password === undefined || safeMethods.has(request.method) || isFromOwnPage(request)) {
      admitted(caller);
      return undefined;
    }
    throw AuthErrors.FORBIDDEN('A change with HTTP Basic has to come from the page itself, and this came from elsewhere. Programs send authorization: Bearer.', { details: { needs: 'same-origin' } });
  } catch (error) {
    const refusal = toAngariumError(error);
    // a browser asks for name and password only then
    if (refusal.status === SharedErrors.UNAUTHORIZED().status) void reply.header('www-authenticate', 'Basic realm="Angarium: any name, GATEWAY_TOKEN as password", charset="UTF-8"');
    return reply.status(refusal.status).send(refusal.toBody());
  }
}

/** @returns undefined where the request has no Basic credential. */
function basicPassword({ authorization = '' }: IncomingHttpHeaders): string | undefined {
  const encoded = /^Basic +([\w+/-]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

/** Browsers say where a request comes from and let no page forge it; old ones by Origin alone. */
function isFromOwnPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin, host } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
