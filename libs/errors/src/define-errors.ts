import { AngariumError, type Blame, type ErrorContext, type RetryVerdict } from './angarium-error.js';

/** One entry of an error catalogue: what the code means and what its receiver should do. */
export interface ErrorDefinition {
  readonly status: number;
  readonly blame: Blame;
  readonly retry: RetryVerdict;
  /** What happened, for the reference page. */
  readonly summary: string;
  /** What the receiver can do about it. */
  readonly cure: string;
}

/** Makes the error; also tells whether a caught value is one of its kind. */
export interface ErrorFactory {
  (message?: string, context?: ErrorContext): AngariumError;
  readonly code: string;
  readonly definition: ErrorDefinition;
  is(error: unknown): error is AngariumError;
}

export type ErrorCatalogue<Code extends string> = { readonly [K in Code]: ErrorFactory };

/**
 * Declares the codes of one part of the system.
 * @example
 * const Errors = defineErrors({ USER_NOT_FOUND: { status: 404, blame: 'caller', retry: 'never', summary: '…', cure: '…' } });
 * throw Errors.USER_NOT_FOUND(`No user ${id}`);
 */
export function defineErrors<Code extends string>(definitions: Record<Code, ErrorDefinition>): ErrorCatalogue<Code> {
  const entries = (Object.entries(definitions) as [Code, ErrorDefinition][]).map(([code, definition]) => {
    const make = (message?: string, context?: ErrorContext) =>
      new AngariumError({ code, ...definition }, message ?? `${definition.summary} ${definition.cure}`, context);
    const factory: ErrorFactory = Object.assign(make, {
      code,
      definition,
      is: (error: unknown): error is AngariumError => error instanceof AngariumError && error.code === code,
    });
    return [code, factory] as const;
  });
  return Object.freeze(Object.fromEntries(entries)) as ErrorCatalogue<Code>;
}
