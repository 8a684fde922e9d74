import { StreamErrors } from '../errors.js';
import type { TrimLimits } from '../stream-operations.js';
import { parseEntryId } from './entry-id.js';
import type { StreamsClientConfig } from './options.js';

export interface SubscribeOptions {
  /** `$` (default): what is published from now on; `0`: everything there is; an id: what comes after it. */
  readonly startId?: string | undefined;
  /** Longest wait of one read, in milliseconds; default `defaultBlockMs`. It does not delay messages. */
  readonly blockMs?: number | undefined;
  /** Most messages of one read; default `defaultCount`. Where several share a connection, the least of theirs counts. */
  readonly count?: number | undefined;
}

export interface ConsumeOptions extends SubscribeOptions {
  /** Acknowledge a message when its callback has succeeded. Default true. */
  readonly autoAck?: boolean | undefined;
  /** Where a group that is missing begins: `0` (default), `$` or an id. */
  readonly startId?: string | undefined;
  /** A message that nobody was busy with for this long is handed over again. Default 60 000 ms. */
  readonly reclaimIdleMs?: number | undefined;
}

export interface HistoryOptions {
  /** First id, or `(id` to begin after it; default `-`, the oldest. */
  readonly start?: string | undefined;
  /** Last id, or `(id` to end before it; default `+`, the youngest. */
  readonly end?: string | undefined;
  /** Most messages; default 1 000. Page on with `start: '(' + id of the last one`. */
  readonly count?: number | undefined;
  /** Youngest first. Default false. */
  readonly reverse?: boolean | undefined;
}

export interface TrimOptions extends TrimLimits {
  /** Spare what a consumer group has not acknowledged, as the automatic trim does. Default false: what is asked for goes. */
  readonly keepUnacknowledged?: boolean | undefined;
}

export interface StreamsStatus {
  readonly connected: boolean;
  /** Names of the streams that are subscribed to. */
  readonly subscriptions: string[];
  /** `stream:group:consumer` */
  readonly consumerGroups: string[];
  readonly config: StreamsClientConfig;
}

const DEFAULT_HISTORY_COUNT = 1_000;

/** @throws STREAM_ARGUMENT_INVALID */
export function checkName(name: string, argument: string): string {
  if (typeof name !== 'string' || name === '') throw StreamErrors.STREAM_ARGUMENT_INVALID(`${argument} must be a name that is not empty.`);
  return name;
}

/** @throws STREAM_ARGUMENT_INVALID */
export function wholeNumber(value: number, argument: string, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) throw StreamErrors.STREAM_ARGUMENT_INVALID(`${argument} must be a whole number from ${least}; it is ${value}.`);
  return value;
}

/** @throws STREAM_ARGUMENT_INVALID */
export function historyRange({ start = '-', end = '+', count = DEFAULT_HISTORY_COUNT, reverse = false }: HistoryOptions): { start: string; end: string; count: number; reverse: boolean } {
  return { start: rangeEnd(start, 'start'), end: rangeEnd(end, 'end'), count: wholeNumber(count, 'count', 1), reverse };
}

function rangeEnd(text: string, argument: string): string {
  if (text === '-' || text === '+') return text;
  const id = text.startsWith('(') ? text.slice(1) : text;
  parseEntryId(id, argument);
  // An id without sequence means all of its millisecond, so it is left as it was written.
  return text;
}

/** @throws STREAM_ARGUMENT_INVALID when there is neither limit, or one does not fit. */
export function trimLimits({ maxLen, olderThanMs, approximate = true }: TrimOptions): TrimLimits {
  if (maxLen === undefined && olderThanMs === undefined) throw StreamErrors.STREAM_ARGUMENT_INVALID('trimStream needs maxLen (messages), olderThanMs (milliseconds) or both.');
  return {
    approximate,
    maxLen: maxLen === undefined ? undefined : wholeNumber(maxLen, 'maxLen', 0),
    olderThanMs: olderThanMs === undefined ? undefined : wholeNumber(olderThanMs, 'olderThanMs', 0),
  };
}
