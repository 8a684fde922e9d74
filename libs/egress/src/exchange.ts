import { setMaxListeners } from 'node:events';
import { SharedErrors, type AngariumError } from '@angarium/errors';
import type { Dispatcher } from 'undici';
import { EgressErrors } from './errors.js';
import { toEgressError } from './to-egress-error.js';

export interface EgressResponse {
  readonly status: number;
  /** Names in lower case; of a header that came several times, the first. Values as Latin-1, as HTTP has them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Beginning of the body as it came, read as UTF-8 and never decompressed. Contains no NUL, which Postgres cannot store. */
  readonly head: string;
  /** Whether the body went on after `head`. */
  readonly isTruncated: boolean;
  /** From the call to the last byte, waiting for a connection included. */
  readonly durationMs: number;
}

export interface ExchangeOptions {
  /** Host and port for messages. */
  readonly host: string;
  readonly startedAtMs: number;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal;
  /** Called once, with the answer or the failure. */
  readonly settle: (error: AngariumError | null, response?: EgressResponse) => void;
}

/** Of a body that is longer than what is kept, this much is read to its end so that the connection can be used again. */
const DRAINED_BYTES = 65_536;
/** A server may announce its answer (103 …) this often before it gives one. */
const MAX_INTERIM_COUNT = 8;

/**
 * One request and its answer, as undici's handler. States: waiting (for a connection) → sent → answering → settled.
 * One clock runs over all of them. Settling early (time, abort, too long a body) destroys the connection,
 * except while waiting: then undici finds the exchange settled when its turn comes, and drops it unsent.
 * (After a destroyed connection undici opens another one before it looks whether there is something to send.)
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private readonly timer: NodeJS.Timeout;
  private isSettled = false;
  private status = 0;
  private headers: EgressResponse['headers'] = {};
  private interimCount = 0;
  private bodyBytes = 0;
  private readonly chunks: Buffer[] = [];

  constructor(private readonly options: ExchangeOptions) {
    this.timer = setTimeout(() => this.stop(this.late()), options.timeoutMs);
    const { signal } = options;
    if (signal === undefined) return;
    setMaxListeners(0, signal); // one signal ends all requests of a service; Node would warn of a leak from the 11th on
    signal.addEventListener('abort', this.onAbort, { once: true });
    if (signal.aborted) this.onAbort();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // throwing drops the request and leaves the connection to the next one; aborting would close it
    if (this.isSettled) throw new Error('settled while it waited for a connection');
    this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) {
      if (++this.interimCount > MAX_INTERIM_COUNT) this.stop(this.unreadable(`more than ${MAX_INTERIM_COUNT} interim answers`));
      return;
    }
    this.status = status;
    this.headers = firstValues(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const missing = this.options.maxResponseBytes - this.bodyBytes;
    this.bodyBytes += chunk.length;
    if (missing > 0) this.chunks.push(chunk.length > missing ? chunk.subarray(0, missing) : chunk);
    if (this.bodyBytes > Math.max(DRAINED_BYTES, this.options.maxResponseBytes)) this.stop(null);
  }

  onResponseEnd(): void {
    this.settle(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: unknown): void {
    if (!this.isSettled) this.settle(toEgressError(error, { host: this.options.host, mayHaveArrived: this.controller !== undefined }));
  }

  /** Settles now and destroys the connection: what the receiver still sends is of no use. */
  private stop(error: AngariumError | null): void {
    this.settle(error);
    this.controller?.abort(new Error('the exchange is settled'));
  }

  private settle(error: AngariumError | null): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.onAbort);
    if (error) this.options.settle(error);
    else this.options.settle(null, this.response());
  }

  private response(): EgressResponse {
    const isTruncated = this.bodyBytes > this.options.maxResponseBytes;
    const [first] = this.chunks;
    const bytes = this.chunks.length > 1 ? Buffer.concat(this.chunks) : first;
    const text = bytes?.toString('utf8').replaceAll('\0', '\ufffd') ?? '';
    return {
      status: this.status,
      headers: this.headers,
      head: isTruncated ? text.replace(/\ufffd$/, '') : text, // half a character at the cut
      isTruncated,
      durationMs: performance.now() - this.options.startedAtMs,
    };
  }

  private readonly onAbort = (): void => {
    this.stop(SharedErrors.UNAVAILABLE('The request was given up by its caller before the answer ended.', { details: this.where() }));
  };

  private late(): AngariumError {
    const state = this.controller === undefined ? 'no connection stood' : this.status === 0 ? 'it had not answered' : 'its answer had not ended';
    const message = `${this.options.host}: ${state} after ${this.options.timeoutMs} ms. Answer at once and work afterwards.`;
    return EgressErrors.EGRESS_TIMEOUT(message, { details: this.where() });
  }

  private unreadable(what: string): AngariumError {
    return EgressErrors.EGRESS_RESPONSE_INVALID(`${this.options.host} gave ${what}.`, { details: this.where() });
  }

  private where(): { host: string; mayHaveArrived: boolean } {
    return { host: this.options.host, mayHaveArrived: this.controller !== undefined };
  }
}

function firstValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const first = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    const value = headers[name];
    const text = Array.isArray(value) ? value[0] : value;
    if (text !== undefined) first[name] = text;
  }
  return first;
}
