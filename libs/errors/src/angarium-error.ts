/**
 * What a retry authority should do with a failure.
 * - `never`: the same input fails again (proven); park it.
 * - `later`: may pass next time; retry a bounded number of times.
 * - `when-available`: something we depend on is away (Redis, Postgres, SMTP); retry until it is back, costs no attempt.
 * - `{ afterMs }`: as `later`, but not before that many milliseconds.
 */
export type RetryVerdict = 'never' | 'later' | 'when-available' | { readonly afterMs: number };

/** Who has to change something: the one who called, this system, or the provider behind it. */
export type Blame = 'caller' | 'us' | 'provider';

/** The shape every service answers with, over HTTP and over the wire. `retryAfter` is in seconds. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
  readonly retryAfter?: number;
}

/** `ErrorBody` with what another service needs to treat the failure like its own. */
export interface WireError extends ErrorBody {
  readonly status: number;
  readonly retry: RetryVerdict;
  readonly blame: Blame;
}

export interface ErrorFields {
  readonly code: string;
  readonly status: number;
  readonly retry: RetryVerdict;
  readonly blame: Blame;
}

export interface ErrorContext {
  /** Machine-readable particulars for the caller: paths of fields, limits. Never secrets. */
  readonly details?: unknown;
  readonly cause?: unknown;
  /** Overrides the verdict of the catalogue, e.g. with a provider's Retry-After. */
  readonly retry?: RetryVerdict;
}

/** The one base class of failures that cross a boundary of this system. */
export class AngariumError extends Error {
  readonly code: string;
  /** HTTP status that this failure answers with. */
  readonly status: number;
  readonly retry: RetryVerdict;
  readonly blame: Blame;
  readonly details?: unknown;

  constructor(fields: ErrorFields, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'AngariumError';
    this.code = fields.code;
    this.status = fields.status;
    this.blame = fields.blame;
    this.retry = context.retry ?? fields.retry;
    this.details = context.details;
  }

  /** Answer body; leaves out stack and cause. */
  toBody(): ErrorBody {
    const retryAfter = retryAfterSeconds(this.retry);
    return {
      code: this.code,
      message: this.message,
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    };
  }

  toWire(): WireError {
    return { ...this.toBody(), status: this.status, retry: this.retry, blame: this.blame };
  }

  /** Rebuilds an error that another service sent; the code, verdict and details survive the journey. */
  static fromWire(wire: WireError): AngariumError {
    return new AngariumError(wire, wire.message, wire.details === undefined ? {} : { details: wire.details });
  }
}

function retryAfterSeconds(retry: RetryVerdict): number | undefined {
  if (typeof retry === 'object') return Math.max(1, Math.ceil(retry.afterMs / 1000));
  return retry === 'when-available' ? 1 : undefined;
}

/** Whether a value received from elsewhere has the shape of a `WireError`. */
export function isWireError(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, status, blame } = value as Record<string, unknown>;
  return typeof code === 'string' && typeof message === 'string' && typeof status === 'number' && typeof blame === 'string';
}
