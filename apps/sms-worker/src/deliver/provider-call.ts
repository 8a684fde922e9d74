import type { SmsProviderName } from '@angarium/contracts';
import type { Egress, EgressRequest, EgressResponse } from '@angarium/egress';
import { AngariumError } from '@angarium/errors';
import { ProviderErrors } from './provider-errors.js';
import { account, inDoubt, refusalOf, throttled, type ProviderVerdict } from './provider-verdict.js';

/** Lists of fifty SMS with their texts fit in it. */
const MAX_ANSWER_BYTES = 512 * 1024;
const AFTER_429_MS = 5_000;
const MAX_AFTER_MS = 3_600_000;

/** One call of a provider. `effect`: whether it sends something, so that a lost answer leaves a doubt. */
export interface ProviderCall {
  readonly provider: SmsProviderName;
  readonly effect: 'sends' | 'asks';
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A provider through the guarded client, with failures of the way translated. Never retries. */
export class ProviderClient {
  constructor(
    private readonly egress: Egress,
    private readonly timeoutMs: number,
  ) {}

  /** How a call of this provider is made; the same object goes to `request` and to `judge`. */
  call(provider: SmsProviderName, effect: ProviderCall['effect'], signal: AbortSignal): ProviderCall {
    return { provider, effect, timeoutMs: this.timeoutMs, signal };
  }

  /**
   * Any answer with a status is an answer.
   * @throws SMS_PROVIDER_AWAY when nothing arrived (or nothing was to be sent), SMS_OUTCOME_UNKNOWN when it may have.
   */
  async request(request: Pick<EgressRequest, 'method' | 'url' | 'headers' | 'body'>, call: ProviderCall): Promise<EgressResponse> {
    try {
      return await this.egress.request({ ...request, timeoutMs: call.timeoutMs, signal: call.signal, maxResponseBytes: MAX_ANSWER_BYTES });
    } catch (error) {
      throw lostCall(error, call);
    }
  }
}

/**
 * What an HTTP status alone says, where the body has no code of the provider: undefined for 2xx and for 4xx that the provider has to explain.
 * A 5xx may come from a gateway before the provider or behind it, so it proves nothing.
 */
export function judgeStatus({ status, headers }: Pick<EgressResponse, 'status' | 'headers'>, { effect }: ProviderCall): ProviderVerdict | undefined {
  if (status >= 500) return effect === 'sends' ? inDoubt(`it answered with ${status}`) : { kind: 'away', reason: `it answered with ${status}` };
  if (status === 429) return throttled('too many requests', retryAfterMs(headers['retry-after']));
  if (status === 401 || status === 403) return account(`it answered with ${status}`);
  return undefined;
}

/** The answer as JSON. @throws SMS_OUTCOME_UNKNOWN (or SMS_PROVIDER_AWAY where nothing was to be sent) when it is none. */
export function readAnswer(response: EgressResponse, call: ProviderCall): Record<string, unknown> {
  const value = response.isTruncated ? undefined : parse(response.head);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unreadable(call, String(response.status));
}

/** The provider said something that cannot be understood. */
export function unreadable(call: ProviderCall, code: string): AngariumError {
  const reason = 'its answer cannot be read';
  return refusalOf(call.provider, code, call.effect === 'sends' ? inDoubt(reason) : { kind: 'away', reason });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told by the caller, without the text: it may name phones
  }
}

function lostCall(error: unknown, { provider, effect }: ProviderCall): AngariumError {
  const code = error instanceof AngariumError ? error.code : 'UNEXPECTED';
  const details = { provider, code, mayFailover: true };
  if (effect === 'asks') return ProviderErrors.SMS_PROVIDER_AWAY(`${provider} gave no answer (${code}).`, { details });
  // what is not known to have stayed here may have arrived
  const stayedHere = error instanceof AngariumError && (error.details as { mayHaveArrived?: boolean } | undefined)?.mayHaveArrived === false;
  const neverLeft = error instanceof AngariumError && (error.code === 'EGRESS_TARGET_REFUSED' || error.code === 'EGRESS_REQUEST_INVALID');
  if (stayedHere || neverLeft) return ProviderErrors.SMS_PROVIDER_AWAY(`${provider} cannot be reached (${code}); nothing went out.`, { details });
  return refusalOf(provider, code, inDoubt('no answer came after the request went out'));
}

function retryAfterMs(header: string | undefined): number {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Math.min(MAX_AFTER_MS, Math.max(1, Number(header)) * 1_000) : AFTER_429_MS;
}
