import type { PulledMessage } from '@angarium/contracts/broker-api';

/** A message as a handler gets it. */
export type Received<T = unknown> = Omit<PulledMessage, 'payload'> & { readonly payload: T };

export interface HandlerContext {
  /** Aborts when the message went to somebody else, or when `stop` waits no longer: what is done from here on is done twice. */
  readonly signal: AbortSignal;
}

/** When it returns the message is acknowledged; when it throws the message is given back. A message may come twice: the effect must bear it. */
export type Handler<T = unknown> = (message: Received<T>, context: HandlerContext) => unknown;

export interface ErrorContext {
  readonly during: 'pull' | 'handle' | 'settle' | 'extend';
  /** The message whose handler threw. */
  readonly message?: Received;
}

export interface ConsumeOptions {
  /** Handlers at a time. Default 10. */
  readonly concurrency?: number;
  /** Most messages asked for at once and kept waiting beside those being handled; 1 to 1 000. Default twice the concurrency. */
  readonly batchSize?: number;
  /** How long the broker waits for a first message before it answers with none; at most 30 000. Stopping may take as long. Default 2 000. */
  readonly waitMs?: number;
  /** Half of the time after which the broker gives the message to somebody else. Default: half of the subscription's ackTimeoutMs, asked for at the start. */
  readonly extendEveryMs?: number;
  /** Told of every failure; what is passing is tried again without your help. Default: a process warning. Must not throw. */
  readonly onError?: (error: Error, context: ErrorContext) => void;
}

export interface StopOptions {
  /** Handlers that run longer get their signal aborted, and their messages are given back; a pull that still waits is cut off. Default: all are waited for. */
  readonly withinMs?: number;
}

export interface Consumer {
  /**
   * Pulls no more, waits for the handlers that run, settles what they did and gives back at once what has not begun, without counting an attempt.
   * Resolves when all that is done; may be called again.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Resolves when the consumer has ended: with undefined after `stop`, or with the error that no waiting cures, such as MQ_SUBSCRIPTION_NOT_FOUND. Never rejects. */
  readonly ended: Promise<Error | undefined>;
}
