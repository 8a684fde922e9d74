import type { Redis } from 'ioredis';
import { type RedisConnection, replyCode, toRedisError } from '@angarium/redis';
import { deadLetterFields, entryFields } from '@angarium/contracts';
import appendScript from './scripts/append.lua';
import appendWithIdScript from './scripts/append-with-id.lua';
import deadLetterScript from './scripts/dead-letter.lua';
import forgetConsumerScript from './scripts/forget-consumer.lua';
import keepScript from './scripts/keep.lua';
import reclaimScript from './scripts/reclaim.lua';
import redriveScript from './scripts/redrive.lua';
import trimScript from './scripts/trim.lua';

/** Field names and values in turn, as Redis stores an entry. */
export type FlatFields = string[];

export interface StreamEntry {
  readonly id: string;
  readonly fields: FlatFields;
}

/** An entry taken over from a consumer that was not heard of. */
export interface ReclaimedEntry extends StreamEntry {
  /** How often it had been handed over before. */
  readonly deliveryCount: number;
}

/** An entry that a consumer is handling, and how often it was handed over, this time included. */
export interface HeldEntry {
  readonly id: string;
  readonly attempts: number;
}

/** What may go: entries older than `olderThanMs` (against the ids' clock) and the oldest beyond `maxLen`. */
export interface TrimLimits {
  readonly olderThanMs?: number | undefined;
  readonly maxLen?: number | undefined;
  /** True (default): Redis may keep up to one node (about 100 entries) more, which is cheaper. */
  readonly approximate?: boolean | undefined;
}

export interface EntryToAppend {
  readonly fields: FlatFields;
  /** Key that remembers a message id given by the caller; see `Addresses.dedupKey`. */
  readonly dedupKey?: string;
}

export interface Append {
  readonly stream: string;
  readonly entries: readonly EntryToAppend[];
  /** See `Addresses.producerKey`. */
  readonly producerKey: string;
  /** Greater than that of every batch this producer sent to this stream before. */
  readonly sequence: number;
  readonly dedupWindowMs: number;
}

/** A producer that has been silent for this long may be forgotten: nothing of it is still being sent again. */
const PRODUCER_LIFE_MS = 3_600_000;
/** Entries that one trim call looks at, so that Redis is never held for more than about a millisecond. */
const TRIM_LOOK_COUNT = 1_000;

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripted = Record<'angAppend' | 'angAppendWithId' | 'angForgetConsumer' | 'angKeep' | 'angReclaim' | 'angDeadLetter' | 'angRedrive' | 'angTrim', Script>;

/**
 * Every write to a stream that must be whole, each one command or one script.
 * All methods wait while Redis is away (the connection decides for how long) and throw REDIS_UNAVAILABLE or REDIS_REFUSED.
 */
export class StreamOperations {
  private readonly redis: Redis & Scripted;

  constructor(connection: RedisConnection) {
    connection.defineCommand('angAppend', { lua: appendScript });
    connection.defineCommand('angForgetConsumer', { numberOfKeys: 1, lua: forgetConsumerScript });
    connection.defineCommand('angAppendWithId', { numberOfKeys: 1, lua: appendWithIdScript });
    connection.defineCommand('angKeep', { numberOfKeys: 1, lua: keepScript });
    connection.defineCommand('angReclaim', { numberOfKeys: 1, lua: reclaimScript });
    connection.defineCommand('angDeadLetter', { numberOfKeys: 2, lua: deadLetterScript });
    connection.defineCommand('angRedrive', { numberOfKeys: 2, lua: redriveScript });
    connection.defineCommand('angTrim', { numberOfKeys: 1, lua: trimScript });
    this.redis = connection as Redis & Scripted;
  }

  /**
   * Appends a batch in one script. Idempotent: sent again with the same sequence it stores nothing and answers the same.
   * @returns entry ids in order, or an empty list when a later batch of this producer had been stored before.
   */
  async append({ stream, entries, producerKey, sequence, dedupWindowMs }: Append): Promise<string[]> {
    const keys = [stream, producerKey];
    const args: (string | number)[] = [sequence, PRODUCER_LIFE_MS, dedupWindowMs];
    for (const run of runsOfSameNames(entries)) {
      const names = namesOf(run[0].fields);
      args.push(run.length, names.length, ...names);
      for (const { fields, dedupKey } of run) {
        args.push(dedupKey === undefined ? 0 : keys.push(dedupKey));
        for (let at = 1; at < fields.length; at += 2) args.push(fields[at] ?? '');
      }
    }
    const ids = (await translated(this.redis.angAppend(keys.length, ...keys, ...args))) as string;
    return ids === '' ? [] : ids.split(' ');
  }

  /**
   * Appends one entry under an id chosen by the caller. Idempotent: an entry with this id and these fields is left as it is.
   * @param request.mayDiffer name of a field whose value is not compared (the time of sending).
   * @returns the id, or undefined when it belongs to another entry or is not greater than the last one of the stream.
   */
  async appendWithId(request: { stream: string; id: string; fields: FlatFields; mayDiffer: string }): Promise<string | undefined> {
    const { stream, id, fields, mayDiffer } = request;
    const stored = await translated(this.redis.angAppendWithId(stream, id, mayDiffer, ...fields));
    return (stored as string | null) ?? undefined;
  }

  /** Id of the youngest entry, `0-0` where there is none: reading after it misses nothing that is written later. */
  async lastId(stream: string): Promise<string> {
    const [youngest] = await translated(this.redis.xrevrange(stream, '+', '-', 'COUNT', 1));
    return youngest?.[0] ?? '0-0';
  }

  /** Entries between two ids, both included (`(id` leaves that one out), oldest first or with `reverse` youngest first. */
  async range(stream: string, request: { start: string; end: string; count: number; reverse: boolean }): Promise<StreamEntry[]> {
    const { start, end, count, reverse } = request;
    const rows = reverse ? this.redis.xrevrange(stream, end, start, 'COUNT', count) : this.redis.xrange(stream, start, end, 'COUNT', count);
    return (await translated(rows)).map(([id, fields]) => ({ id, fields }));
  }

  /** How many entries the stream has. */
  length(stream: string): Promise<number> {
    return translated(this.redis.xlen(stream));
  }

  /** Makes the group (and the stream) when missing. `start`: `0` from the oldest entry, `$` from the next one. Idempotent. @returns whether it was missing. */
  async ensureGroup(stream: string, group: string, start = '0'): Promise<boolean> {
    try {
      await this.redis.xgroup('CREATE', stream, group, start, 'MKSTREAM');
      return true;
    } catch (error) {
      if (replyCode(error) !== 'BUSYGROUP') throw toRedisError(error);
      return false;
    }
  }

  /** Settles entries of a group. Idempotent. @returns how many were still pending. */
  async acknowledge(stream: string, group: string, ids: readonly string[]): Promise<number> {
    return ids.length === 0 ? 0 : translated(this.redis.xack(stream, group, ...ids));
  }

  /** Removes entries that nobody will read again (answered requests). Idempotent. */
  async remove(stream: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await translated(this.redis.xdel(stream, ...ids));
  }

  /** Renews the lease of entries being handled and stores their attempts. @returns ids that another consumer has now. */
  keep(stream: string, group: string, consumer: string, held: readonly HeldEntry[]): Promise<string[]> {
    return this.setIdle(stream, group, consumer, held, 0);
  }

  /** Makes entries look abandoned, so that another consumer takes them over at once. @returns ids that another one has already. */
  giveBack(stream: string, group: string, consumer: string, held: readonly HeldEntry[], leaseMs: number): Promise<string[]> {
    return this.setIdle(stream, group, consumer, held, leaseMs);
  }

  /** Takes over at most `count` entries that were idle for `minIdleMs`. `cursor` scans on where the last call ended; '' when at the end. */
  async reclaim(
    request: { stream: string; group: string; consumer: string; minIdleMs: number; count: number; cursor?: string },
  ): Promise<{ entries: ReclaimedEntry[]; cursor: string }> {
    const { stream, group, consumer, minIdleMs, count, cursor } = request;
    const rows = (await translated(this.redis.angReclaim(stream, group, consumer, minIdleMs, count, cursor || '-'))) as [string, ...(string | number)[][]];
    const [next, ...taken] = rows;
    const entries = taken.map(([id, deliveryCount, ...fields]) => ({ id: String(id), deliveryCount: Number(deliveryCount), fields: fields as FlatFields }));
    return { entries, cursor: next };
  }

  /** Removes a consumer that has nothing pending, in one step. @returns whether it was removed. */
  async forgetConsumer(stream: string, group: string, consumer: string): Promise<boolean> {
    return (await translated(this.redis.angForgetConsumer(stream, group, consumer, 0))) === 1;
  }

  /** Removes all consumers that have nothing pending and were not heard of for `idleMs` (crashed replicas leave them). @returns how many. */
  async forgetIdleConsumers(stream: string, group: string, idleMs: number): Promise<number> {
    return (await translated(this.redis.angForgetConsumer(stream, group, '', idleMs))) as number;
  }

  /** Moves an entry to the dead letters of its group in one step. @returns the dead letter's id, or undefined when another consumer has the entry. */
  async deadLetter(request: { stream: string; deadStream: string; group: string; consumer: string; id: string; fields: FlatFields }): Promise<string | undefined> {
    const { stream, deadStream, group, consumer, id, fields } = request;
    const dead = await translated(this.redis.angDeadLetter(stream, deadStream, group, consumer, id, ...fields));
    return (dead as string | null) ?? undefined;
  }

  /** Puts a dead letter back, for its own group only. @returns the new entry's id, or undefined when there is no such dead letter. */
  async redrive(request: { deadStream: string; stream: string; group: string; id: string }): Promise<string | undefined> {
    const { deadStream, stream, group, id } = request;
    const args = [id, entryFields.onlyGroup, group, deadLetterFields.redrives, 'dl-'];
    const appended = await translated(this.redis.angRedrive(deadStream, stream, ...args));
    return (appended as string | null) ?? undefined;
  }

  /**
   * Trims by age and by length, but never what a group has not acknowledged.
   * @returns how many entries were removed.
   */
  async trim(stream: string, limits: TrimLimits): Promise<number> {
    let total = 0;
    for (let mayRemoveMore = true; mayRemoveMore; ) {
      const step = await this.trimStep(stream, limits);
      total += step.removed;
      mayRemoveMore = step.mayRemoveMore;
    }
    return total;
  }

  /** One step of `trim`: removes about a thousand entries at most, so that Redis is not held. */
  async trimStep(stream: string, { olderThanMs, maxLen, approximate = true }: TrimLimits): Promise<{ removed: number; mayRemoveMore: boolean }> {
    const from = olderThanMs === undefined ? '' : firstIdNotOlderThan(olderThanMs);
    const answer = await translated(this.redis.angTrim(stream, from, maxLen ?? '', approximate ? '~' : '=', TRIM_LOOK_COUNT));
    const [removed, again] = answer as [number, number];
    return { removed, mayRemoveMore: again === 1 };
  }

  /** Trims by age and by length whatever groups have acknowledged: plain XTRIM, in one step. @returns how many entries were removed. */
  async trimRegardless(stream: string, { olderThanMs, maxLen, approximate = true }: TrimLimits): Promise<number> {
    // Without LIMIT 0 an approximate trim stops after 10 000 entries.
    const how = (threshold: string | number) => (approximate ? (['~', threshold, 'LIMIT', 0] as const) : (['=', threshold] as const));
    let removed = 0;
    if (olderThanMs !== undefined) removed += await translated(this.redis.xtrim(stream, 'MINID', ...(how(firstIdNotOlderThan(olderThanMs)) as ['=', string])));
    if (maxLen !== undefined) removed += await translated(this.redis.xtrim(stream, 'MAXLEN', ...(how(maxLen) as ['=', number])));
    return removed;
  }

  private async setIdle(stream: string, group: string, consumer: string, held: readonly HeldEntry[], idleMs: number): Promise<string[]> {
    if (held.length === 0) return [];
    return (await translated(this.redis.angKeep(stream, group, consumer, idleMs, ...held.flatMap(({ id, attempts }) => [id, attempts])))) as string[];
  }
}

/** Entries in order, cut where the field names change. */
function runsOfSameNames(entries: readonly EntryToAppend[]): [EntryToAppend, ...EntryToAppend[]][] {
  const runs: [EntryToAppend, ...EntryToAppend[]][] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && haveSameNames(run[0].fields, entry.fields)) run.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function namesOf(fields: FlatFields): string[] {
  return fields.filter((_, at) => at % 2 === 0);
}

function haveSameNames(one: FlatFields, other: FlatFields): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 2) if (one[at] !== other[at]) return false;
  return true;
}

function firstIdNotOlderThan(olderThanMs: number): string {
  return `${Math.max(0, Date.now() - olderThanMs)}-0`;
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toRedisError(error);
  }
}
