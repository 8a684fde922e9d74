import type { RouteContract } from '../route.js';
import type { Json } from './open-api-schemas.js';

/** An error code, as the catalogues of @angarium/errors define it. */
export interface ListedError {
  readonly code: string;
  readonly status: number;
  readonly summary: string;
  readonly cure: string;
}

/** Every error of every route has this shape. */
export const errorSchema: Json = {
  type: 'object',
  description: 'Every refusal and failure.',
  required: ['code', 'message'],
  properties: {
    code: { type: 'string', description: 'Stable; what programs decide by.' },
    message: { type: 'string', description: 'For people: what happened, and what to do.' },
    details: { description: 'What the message speaks of, such as the paths of fields that do not fit.' },
    retryAfter: { type: 'integer', minimum: 0, description: 'Seconds after which it may pass; also the header Retry-After. Not there: the same call fails again.' },
  },
};

/** Codes that a route may answer with because of what it is: authenticated, with a body, repeatable. */
export function commonCodes(route: RouteContract): string[] {
  const takesInput = route.params !== undefined || route.query !== undefined || route.body !== undefined || route.isIdempotent === true;
  return [
    ...(route.access.kind === 'open' ? [] : ['UNAUTHORIZED']),
    ...(['scope', 'service', 'operator'].includes(route.access.kind) ? ['FORBIDDEN'] : []),
    ...(takesInput ? ['INVALID_INPUT'] : []),
    ...(route.body === undefined ? [] : ['INVALID_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']),
    ...(route.isIdempotent === true ? ['MQ_IDEMPOTENCY_MISMATCH', 'MQ_IDEMPOTENCY_IN_PROGRESS'] : []),
    'INTERNAL',
    ...(route.access.kind === 'open' ? [] : ['UNAVAILABLE']),
  ];
}

/** Statuses that name a time: what is refused now may pass later. */
const timed = new Set([429, 503, 507]);

/** The error answers of routes, grouped by status. Those that many routes have are written once. */
export class ErrorAnswers {
  private readonly listed: ReadonlyMap<string, ListedError>;
  private readonly sharedAnswers = new Map<string, Json>();

  constructor(errors: readonly ListedError[]) {
    this.listed = new Map(errors.map((error) => [error.code, error]));
  }

  /** Whether the route itself names an error of this status. @throws Error when it names one that is not listed. */
  hasStatus(route: RouteContract, status: number): boolean {
    return route.errors.some((code) => this.find(code, route).status === status);
  }

  /** `responses` of a route, by status. @throws Error when it names a code that is not listed. */
  of(route: RouteContract, common: readonly string[]): Json {
    const own = new Set(route.errors);
    const codes = [...new Set([...route.errors, ...common])].map((code) => this.find(code, route));
    const statuses = [...new Set(codes.map(({ status }) => status))].sort((a, b) => a - b);
    return Object.fromEntries(
      statuses.map((status) => {
        const some = codes.filter((error) => error.status === status);
        return [String(status), some.some(({ code }) => own.has(code)) ? answer(some) : this.share(some)];
      }),
    );
  }

  /** `components.responses`. */
  shared(): Json {
    return Object.fromEntries([...this.sharedAnswers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private share(errors: readonly ListedError[]): Json {
    const name = errors.map(({ code }) => code.toLowerCase().replace(/(?:^|_)(\w)/g, (_all, letter: string) => letter.toUpperCase())).join('Or');
    this.sharedAnswers.set(name, answer(errors));
    return { $ref: `#/components/responses/${name}` };
  }

  private find(code: string, route: RouteContract): ListedError {
    const error = this.listed.get(code);
    if (error === undefined) throw new Error(`The route ${route.id} names the error ${code}, which no catalogue has. Declare it in an errors.ts, or correct the route.`);
    return error;
  }
}

function answer(errors: readonly ListedError[]): Json {
  const isTimed = errors.some(({ status }) => timed.has(status));
  const codes = errors.map(({ code }) => code);
  return {
    description: errors.map(({ code, summary, cure }) => `\`${code}\`: ${plain(`${summary} ${cure}`)}`).join('\n\n'),
    ...(isTimed ? { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } } : {}),
    content: { 'application/json': { schema: { allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: codes } } }] } } },
  };
}

/** Descriptions are Markdown, in which angle brackets would be taken for HTML. */
function plain(text: string): string {
  return text.replace(/<(?=[\w/!])/g, '\\<');
}
