import { createAddresses } from '@angarium/contracts';
import { createClient, type AngariumClient } from '@angarium/client';
import { waitFor } from '@angarium/testing';
import { PHASES } from '../../transport/numbered-users.js';
import type { Meter } from '../measure/measured.js';
import { cpuOfTree } from '../../process/process-usage.js';
import type { System } from './start-system.js';
import type { HttpLoadCommands } from '../workers/http-load.js';
import type { NullServerCommands } from '../workers/null-server.js';
import type { PullerCommands } from '../workers/puller.js';
import type { PeerCommands } from '../workers/serve-peer.js';
import type { SinkCommands } from '../workers/sink.js';
import type { Worker } from '../../process/worker.js';

/** Longest wait until what is in Postgres is in Redis, too. */
const DRAIN_MS = 60_000;

/** Everything that a measurement needs. */
export interface BenchParts {
  readonly system: System;
  readonly client: AngariumClient;
  readonly load: Worker<HttpLoadCommands>;
  readonly nullServer: Worker<NullServerCommands>;
  readonly sink: Worker<SinkCommands>;
  readonly puller: Worker<PullerCommands>;
  readonly peers: ReadonlyMap<string, Worker<PeerCommands>>;
}

export const clientOf = ({ url, apiKey }: System): AngariumClient => createClient({ url, apiKey });

/** CPU time of the broker, its stores, and a client. */
export const systemMeter =
  ({ broker, postgres, redisServer }: System, client: { readonly pid: number }): Meter =>
  () => ({ broker: cpuOfTree(broker.pid), postgres: cpuOfTree(postgres.pid), redis: cpuOfTree(redisServer.pid), client: cpuOfTree(client.pid) });

let phase = 0;
/** Tells the messages of one measurement from those of the others. */
export const nextPhase = (): number => (phase = (phase + 1) % PHASES);

let topicNumber = 0;
/** A name that no topic had yet. */
export const nextTopic = (): string => `bench-${++topicNumber}`;

/** How many messages of a topic with one partition are committed. */
export async function committedCount({ sql }: System, topicId: string): Promise<number> {
  const [row] = await sql.query<{ next: string }>('SELECT sum(next_offset - 1) AS next FROM broker.topic_partitions WHERE topic_id = $1', [topicId]);
  return Number(row?.next ?? 0);
}

/** Resolves with the number of committed messages when all of them are in the stream. For topics with one partition. @throws Error after a minute. */
export async function drained(system: System, topicId: string): Promise<number> {
  const head = `${createAddresses().topicStream(topicId, 0)}:head`;
  const isIn = async () => {
    const committed = await committedCount(system, topicId);
    return committed === 0 || (Number(await system.redis.get(head)) >= committed && committed);
  };
  const count = await waitFor(isIn, { what: 'all committed messages to be in the stream', timeoutMs: DRAIN_MS, everyMs: 10 });
  return count === true ? 0 : count;
}
