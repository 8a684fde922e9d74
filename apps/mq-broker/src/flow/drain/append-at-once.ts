import type { Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { BatchLane } from '../batch-lane.js';
import { messageOf, type BrokerMessage } from '../broker-message.js';
import type { Committed, NewMessage } from '../commit/new-message.js';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';
import type { RecordRepository } from '../record.repository.js';
import { rebuildStream } from './rebuild-stream.js';

const MAX_APPEND_COUNT = 250;
const MAX_APPEND_BYTES = 512 * 1024;
/** Records that wait for Postgres; beyond that the oldest stay unrecorded, as the durability `stream` allows. */
const MAX_UNRECORDED_COUNT = 10_000;
const IDLE_GRACE_MS = 5_000;

export interface AppendAtOnceOptions {
  readonly streams: PartitionStreams;
  readonly records: RecordRepository;
  readonly sql: Sql;
  readonly logger: Logger;
  readonly onAppended: (at: PartitionId, count: number, waitedMs: number) => void;
  readonly onPublished: (stored: readonly Committed[], tookMs: number) => void;
}

/**
 * Publishing to topics with durability `stream`: acknowledged when Redis has it (as durable as its append-only file), numbered by
 * the script, noted in the record afterwards as well as can be.
 */
export class AppendAtOnce {
  private readonly lanes = new Map<string, BatchLane<NewMessage, Committed>>();
  private readonly recorder: BatchLane<BrokerMessage, undefined>;

  constructor(private readonly options: AppendAtOnceOptions) {
    this.recorder = new BatchLane({ maxCount: 500, run: (messages) => this.record(messages) });
  }

  /** @throws REDIS_UNAVAILABLE, REDIS_REFUSED: the message may have been appended or not. */
  async append(message: NewMessage): Promise<Committed> {
    const name = `${message.topicId}/${message.partition}`;
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      const at = { topicId: message.topicId, partition: message.partition };
      lane = new BatchLane({ maxCount: MAX_APPEND_COUNT, maxWeight: MAX_APPEND_BYTES, weigh: (it) => it.payloadSize, run: (messages) => this.appendBatch(at, messages) });
      this.lanes.set(name, lane);
    }
    const [committed] = await lane.add([message]);
    if (committed === undefined) throw new RangeError('a message without a result');
    return committed;
  }

  /** Resolves when everything is appended, and recorded unless Postgres is away. */
  async idle(graceMs = IDLE_GRACE_MS): Promise<void> {
    const deadline = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.all([...this.lanes.values()].map((lane) => lane.idle())).then(() => this.recorder.idle()), deadline]);
  }

  private async appendBatch(at: PartitionId, messages: readonly NewMessage[]): Promise<Committed[]> {
    const { streams, onAppended, logger } = this.options;
    const publishedAt = new Date();
    const draft = messages.map((message) => ({
      message: messageOf({ message, outcome: 'stored', partition: at.partition, offset: 0, publishedAt }),
      dedupWindowMs: message.dedupWindowMs ?? 0,
    }));
    let offsets = await streams.appendUnnumbered(at, draft);
    if (offsets === undefined) {
      await rebuildStream(at, this.options);
      offsets = await streams.appendUnnumbered(at, draft);
    }
    const committed = messages.map((message, nth): Committed => {
      const offset = offsets?.[nth] ?? 0;
      return { message, outcome: offset > 0 ? 'stored' : offset < 0 ? 'duplicate' : 'gone', partition: at.partition, offset: Math.abs(offset), publishedAt };
    });
    const stored = committed.filter(({ outcome }) => outcome === 'stored');
    if (stored.length === 0) return committed;
    const tookMs = Date.now() - publishedAt.getTime();
    this.options.onPublished(stored, tookMs);
    onAppended(at, stored.length, tookMs);
    if (this.recorder.backlog < MAX_UNRECORDED_COUNT) {
      this.recorder.add(stored.map(messageOf)).catch(ignoreError(logger, 'append-at-once', 'durability stream promises no record'));
    }
    return committed;
  }

  private async record(messages: readonly BrokerMessage[]): Promise<undefined[]> {
    await this.options.sql.transaction((tx) => this.options.records.record(tx, messages));
    return messages.map(() => undefined);
  }
}
