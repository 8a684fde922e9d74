import type { Addresses } from '@angarium/contracts';
import { replyCode, toRedisError, type RedisConnection } from '@angarium/redis';
import { StreamOperations, type FlatFields } from '@angarium/streams';
import type { Redis } from 'ioredis';
import { entryIdOf, entryValues, fromEntry, offsetOf, type BrokerMessage } from './broker-message.js';
import appendScript from './drain/append.lua';
import appendUnnumberedScript from './drain/append-unnumbered.lua';
import beginStreamScript from './drain/begin-stream.lua';
import skipScript from './drain/skip.lua';
import placeGroupScript from './drain/place-group.lua';
import ackScript from './settle/ack.lua';

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripted = Record<'mqAppend' | 'mqAppendUnnumbered' | 'mqBegin' | 'mqPlaceGroup' | 'mqAck' | 'mqSkip', Script>;

export interface PartitionId {
  readonly topicId: string;
  readonly partition: number;
}

export interface GroupState {
  /** Last offset handed to somebody. */
  readonly delivered: number;
  readonly pendingCount: number;
  readonly oldestPending: number | undefined;
}

/** XTRIM of so many entries holds Redis for well below a millisecond. */
const TRIM_STEP_COUNT = 2_000;

/**
 * The streams of the partitions: everything the broker does in Redis to deliver messages, each a command or a script.
 * Calls wait while Redis is away and are repeated when it is back, which no script minds. They throw REDIS_UNAVAILABLE or REDIS_REFUSED.
 */
export class PartitionStreams {
  private readonly redis: Redis & Scripted;
  private readonly operations: StreamOperations;

  constructor(
    connection: RedisConnection,
    private readonly addresses: Addresses,
  ) {
    connection.defineCommand('mqAppend', { numberOfKeys: 2, lua: appendScript });
    connection.defineCommand('mqAppendUnnumbered', { lua: appendUnnumberedScript });
    connection.defineCommand('mqBegin', { numberOfKeys: 2, lua: beginStreamScript });
    connection.defineCommand('mqPlaceGroup', { numberOfKeys: 2, lua: placeGroupScript });
    connection.defineCommand('mqSkip', { numberOfKeys: 1, lua: skipScript });
    connection.defineCommand('mqAck', { numberOfKeys: 1, lua: ackScript });
    this.operations = new StreamOperations(connection);
    this.redis = connection as Redis & Scripted;
  }

  /** Appends messages whose offsets follow each other. @returns the offset expected next, or undefined when the stream has to be rebuilt. */
  async append(messages: readonly BrokerMessage[]): Promise<number | undefined> {
    const [first] = messages;
    if (first === undefined) return undefined;
    const [stream, head] = this.keys(first);
    const expected = (await translated(this.redis.mqAppend(stream, head, first.offset, ...messages.flatMap(entryValues)))) as number;
    return expected === -1 ? undefined : expected;
  }

  /** Appends messages that get their offsets here. @returns for each its offset, negative when its id was known; undefined when the stream has to be rebuilt. */
  async appendUnnumbered(at: PartitionId, messages: readonly { readonly message: BrokerMessage; readonly dedupWindowMs: number }[]): Promise<number[] | undefined> {
    const [stream, head] = this.keys(at);
    const dedupKeys = messages.map(({ message }) => this.addresses.dedupKey(stream, message.messageId));
    const values = messages.flatMap(({ message, dedupWindowMs }) => [dedupWindowMs, ...entryValues(message)]);
    const answer = await translated(this.redis.mqAppendUnnumbered(dedupKeys.length + 2, stream, head, ...dedupKeys, ...values));
    return Array.isArray(answer) ? (answer as number[]) : undefined;
  }

  /** Begins a stream that is missing; see begin-stream.lua. @returns whether it was missing. */
  async begin(at: PartitionId, base: number): Promise<boolean> {
    return (await translated(this.redis.mqBegin(...this.keys(at), base))) === 1;
  }

  /** Passes over offsets that no record has any more; see skip.lua. @returns whether the head was where the caller thought. */
  async skip(at: PartitionId, head: number, newHead: number): Promise<boolean> {
    return (await translated(this.redis.mqSkip(this.keys(at)[1], head, newHead))) === 1;
  }

  /** The last offset that was appended to each partition; undefined where the stream is missing. */
  async heads(partitions: readonly PartitionId[]): Promise<(number | undefined)[]> {
    const answers = await Promise.all(partitions.map((at) => translated(this.redis.get(this.keys(at)[1]))));
    return answers.map((head) => (head === null ? undefined : Number(head)));
  }

  /** Makes a consumer group; see place-group.lua. @returns `ok`, `missing`, or the oldest offset that the stream still has. */
  async placeGroup(at: PartitionId, group: string, settled: number): Promise<'ok' | 'missing' | number> {
    const answer = String(await translated(this.redis.mqPlaceGroup(...this.keys(at), group, settled)));
    return answer === 'ok' || answer === 'missing' ? answer : Number(answer);
  }

  /** Takes the next messages of a group, without waiting. @returns undefined when there is no such group. */
  async readNew(at: PartitionId, group: string, consumer: string, count: number): Promise<BrokerMessage[] | undefined> {
    const [stream] = this.keys(at);
    try {
      const answer = (await this.redis.xreadgroup('GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')) as [string, [string, FlatFields][]][] | null;
      return (answer?.[0]?.[1] ?? []).map(([id, fields]) => fromEntry(at.topicId, at.partition, id, fields));
    } catch (error) {
      if (replyCode(error) === 'NOGROUP') return undefined;
      throw toRedisError(error);
    }
  }

  /** Settles what this consumer still has. @returns the offsets that were refused: they were given to another, or are settled. */
  async acknowledge(at: PartitionId, group: string, consumer: string, offsets: readonly number[]): Promise<number[]> {
    if (offsets.length === 0) return [];
    try {
      const refused = (await this.redis.mqAck(this.keys(at)[0], group, consumer, ...offsets.map(entryIdOf))) as string[];
      return refused.map(offsetOf);
    } catch (error) {
      if (replyCode(error) === 'NOGROUP') return [...offsets];
      throw toRedisError(error);
    }
  }

  /** Settles whoever has it: for what was just taken and passed on elsewhere. */
  async settle(at: PartitionId, group: string, offsets: readonly number[]): Promise<void> {
    if (offsets.length > 0) await translated(this.redis.xack(this.keys(at)[0], group, ...offsets.map(entryIdOf)));
  }

  /** Makes the entries of this consumer look fresh. @returns the offsets that another has by now. */
  async keep(at: PartitionId, group: string, consumer: string, offsets: readonly number[]): Promise<number[]> {
    try {
      const lost = await this.operations.keep(this.keys(at)[0], group, consumer, offsets.map((offset) => ({ id: entryIdOf(offset), attempts: 1 })));
      return lost.map(offsetOf);
    } catch (error) {
      if (replyCode((error as Error).cause) === 'NOGROUP') return [...offsets];
      throw error;
    }
  }

  /** Takes over entries that were idle for so long, whoever had them. @returns them, and the offsets whose entries are gone from the stream. */
  async takeIdle(at: PartitionId, group: string, consumer: string, idleMs: number, count: number): Promise<{ messages: BrokerMessage[]; lost: number[] }> {
    const [stream] = this.keys(at);
    try {
      const [, entries, gone = []] = (await this.redis.xautoclaim(stream, group, consumer, idleMs, '0-0', 'COUNT', count)) as [string, [string, FlatFields][], string[]?];
      return { messages: entries.map(([id, fields]) => fromEntry(at.topicId, at.partition, id, fields)), lost: gone.map(offsetOf) };
    } catch (error) {
      if (replyCode(error) === 'NOGROUP') return { messages: [], lost: [] };
      throw toRedisError(error);
    }
  }

  /** Which of these entries this consumer has. */
  async owned(at: PartitionId, group: string, consumer: string, offsets: readonly number[]): Promise<Set<number>> {
    const [stream] = this.keys(at);
    try {
      const rows = await Promise.all(offsets.map((offset) => this.redis.xpending(stream, group, entryIdOf(offset), entryIdOf(offset), 1) as Promise<[string, string][]>));
      return new Set(rows.flatMap(([row]) => (row !== undefined && row[1] === consumer ? [offsetOf(row[0])] : [])));
    } catch (error) {
      if (replyCode(error) === 'NOGROUP') return new Set();
      throw toRedisError(error);
    }
  }

  /** Entries between two offsets, both included. */
  async range(at: PartitionId, from: number, until: number, count: number): Promise<BrokerMessage[]> {
    const rows = await translated(this.redis.xrange(this.keys(at)[0], entryIdOf(from), entryIdOf(until), 'COUNT', count));
    return rows.map(([id, fields]) => fromEntry(at.topicId, at.partition, id, fields));
  }

  /** The oldest offset that the stream still has; undefined when it is empty. */
  async oldest(at: PartitionId): Promise<number | undefined> {
    const [entry] = await translated(this.redis.xrange(this.keys(at)[0], '-', '+', 'COUNT', 1));
    return entry && offsetOf(entry[0]);
  }

  /** How far each group of a partition is, by group name. */
  async groups(at: PartitionId): Promise<Map<string, GroupState>> {
    const [stream] = this.keys(at);
    const states = new Map<string, GroupState>();
    let rows: unknown[][];
    try {
      rows = (await this.redis.xinfo('GROUPS', stream)) as unknown[][];
    } catch (error) {
      if (replyCode(error) === 'ERR') return states; // no such key
      throw toRedisError(error);
    }
    for (const row of rows) {
      const named = Object.fromEntries(pairs(row)) as Record<string, string | number>;
      const group = String(named['name']);
      const pendingCount = Number(named['pending']);
      const oldest = pendingCount === 0 ? undefined : ((await translated(this.redis.xpending(stream, group))) as [number, string | null])[1];
      states.set(group, { delivered: offsetOf(String(named['last-delivered-id'])), pendingCount, oldestPending: oldest == null ? undefined : offsetOf(oldest) });
    }
    return states;
  }

  /** How many messages of a group are with somebody. */
  async pendingCount(at: PartitionId, group: string): Promise<number> {
    try {
      return ((await this.redis.xpending(this.keys(at)[0], group)) as [number])[0];
    } catch (error) {
      if (replyCode(error) === 'NOGROUP') return 0;
      throw toRedisError(error);
    }
  }

  /** Moves a group to behind this offset and forgets what it had out. */
  async moveGroup(at: PartitionId, group: string, settled: number): Promise<void> {
    const [stream] = this.keys(at);
    await translated(this.redis.multi().xgroup('DESTROY', stream, group).xgroup('CREATE', stream, group, entryIdOf(settled), 'MKSTREAM').exec());
  }

  async removeGroup(at: PartitionId, group: string): Promise<void> {
    await this.redis.xgroup('DESTROY', this.keys(at)[0], group).catch((error: unknown) => {
      if (replyCode(error) !== 'ERR') throw toRedisError(error);
    });
  }

  /** Removes everything up to `from`..`until` (offsets are dense, so steps are arithmetic). */
  async trim(at: PartitionId, from: number, until: number): Promise<void> {
    const [stream] = this.keys(at);
    for (let upTo = Math.min(from + TRIM_STEP_COUNT, until); ; upTo = Math.min(upTo + TRIM_STEP_COUNT, until)) {
      await translated(this.redis.xtrim(stream, 'MINID', '=', `${upTo + 1}-0` as never));
      if (upTo >= until) return;
    }
  }

  /** Removes a partition altogether. */
  async remove(at: PartitionId): Promise<void> {
    await translated(this.redis.unlink(...this.keys(at)));
  }

  private keys({ topicId, partition }: PartitionId): [stream: string, head: string] {
    const stream = this.addresses.topicStream(topicId, partition);
    return [stream, `${stream}:head`];
  }
}

function pairs(flat: readonly unknown[]): [string, unknown][] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [String(flat[2 * at]), flat[2 * at + 1]]);
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toRedisError(error);
  }
}
