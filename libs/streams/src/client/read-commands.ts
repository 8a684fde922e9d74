import type { Redis } from 'ioredis';
import type { RedisConnection } from '@angarium/redis';
import type { StreamEntry } from '../stream-operations.js';
import type { BlockingRead, ReadCommand } from './blocking-reader.js';

type Reply = [stream: string, entries: [id: string, fields: string[]][]][] | null;

/** XREAD: what came after the given ids, for every reader. */
export const readStreams: ReadCommand = async (connection, request) => {
  const { count, blockMs, streams, ids } = request;
  return toEntries((await (connection as Redis).xread('COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...streams, ...ids)));
};

/** XREADGROUP: what no consumer of the group was given yet; from now on it is pending for this one. */
export function readGroup(group: string, consumer: string): ReadCommand {
  return async (connection: RedisConnection, { count, blockMs, streams, ids }: BlockingRead) => {
    const reply = await (connection as Redis).xreadgroup('GROUP', group, consumer, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', ...streams, ...ids);
    return toEntries(reply as Reply);
  };
}

function toEntries(reply: Reply): ReadonlyMap<string, StreamEntry[]> {
  return new Map((reply ?? []).map(([stream, entries]) => [stream, entries.map(([id, fields]) => ({ id, fields }))]));
}
