import { ignoreError } from '@angarium/errors';
import { runOutside, type Logger } from '@angarium/observability';
import type { BrokerMessage } from '../broker-message.js';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';
import type { RecordRepository } from '../record.repository.js';
import { passFaultPoint } from '../fault-point.js';
import { rebuildStream } from './rebuild-stream.js';

/** Most messages and bytes of one append, so that Redis is not held for long. */
const MAX_APPEND_COUNT = 500;
const MAX_APPEND_BYTES = 512 * 1024;
/** Most bytes that wait in memory for one partition while Redis is away; beyond that they are read from the record later. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** So many messages that wait to be appended slow publishing down: else commits would take all the processor, and the streams fall behind for good. */
const CROWDED_COUNT = 10_000;
/** Nobody waits longer than this for the streams to catch up, and nobody at all when nothing was appended for so long: Redis may be away. */
const CROWDED_WAIT_MS = 100;
/** Another replica has committed what comes before and is just about to append it. */
const GAP_PATIENCE_COUNT = 3;
const GAP_PAUSE_MS = 3;

interface Partition extends PartitionId {
  waiting: BrokerMessage[];
  waitingBytes: number;
  /** Something that was committed is neither in the stream nor in `waiting`: it has to be read from the record, up to this offset. */
  behindUntil: number;
  /** Last offset known to be in the stream; undefined when nothing is known. */
  appended: number | undefined;
  running: Promise<void> | undefined;
}

export interface DrainLaneOptions {
  readonly streams: PartitionStreams;
  readonly records: RecordRepository;
  readonly logger: Logger;
  /** New messages are in the stream of a partition; the oldest had waited so long since its commit. Must not throw. */
  readonly onAppended: (at: PartitionId, count: number, waitedMs: number) => void;
}

/**
 * Brings committed messages into the streams of their partitions, each once and in order, whoever else does the same:
 * the append script takes only what follows directly. What is missing before is read from the record.
 * States of a partition: idle; appending, one script at a time; it stays appending while Redis is away, and publishing goes on.
 */
export class DrainLane {
  private readonly partitions = new Map<string, Partition>();
  private isStopped = false;
  private waitingCount = 0;
  private appendedAt = Number.NEGATIVE_INFINITY;
  private relieved: (() => void)[] = [];

  constructor(private readonly options: DrainLaneOptions) {}

  /** Resolves when few enough messages wait to be appended, after 100 ms at the latest; undefined when there is nothing to wait for. */
  relief(): Promise<void> | undefined {
    if (this.waitingCount < CROWDED_COUNT || performance.now() - this.appendedAt > CROWDED_WAIT_MS) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CROWDED_WAIT_MS);
      this.relieved.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Takes over messages that were just committed. Returns at once. */
  offer(messages: readonly BrokerMessage[]): void {
    for (const message of messages) {
      const partition = this.partition(message);
      partition.waiting.push(message);
      this.waitingCount++;
      partition.waitingBytes += message.payload.length;
      if (partition.waitingBytes > MAX_WAITING_BYTES) this.waitingCount -= leaveToRecord(partition);
      this.run(partition);
    }
  }

  /** Messages up to this offset are in the record; appends those that are not in the stream. Returns at once. */
  catchUp(at: PartitionId, head: number): void {
    const partition = this.partition(at);
    if (partition.appended !== undefined && partition.appended >= head) return;
    partition.behindUntil = Math.max(partition.behindUntil, head);
    this.run(partition);
  }

  /** Last offset known to be in the stream. */
  appendedUntil(at: PartitionId): number | undefined {
    return this.partitions.get(nameOf(at))?.appended;
  }

  /** Redis may have lost something: nothing is known any more. */
  forgetAll(): void {
    for (const partition of this.partitions.values()) partition.appended = undefined;
  }

  forget(topicId: string): void {
    for (const [name, partition] of this.partitions) {
      if (partition.topicId !== topicId || partition.running !== undefined) continue;
      this.waitingCount -= partition.waiting.length;
      this.partitions.delete(name);
    }
  }

  /** Begins nothing more; resolves when what is on its way has arrived, or after `graceMs`: the rest is in the record. */
  async stop(graceMs: number): Promise<void> {
    const running = [...this.partitions.values()].flatMap((it) => it.running ?? []);
    const deadline = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([Promise.all(running), deadline]);
    this.isStopped = true;
  }

  private partition(at: PartitionId): Partition {
    const name = nameOf(at);
    let partition = this.partitions.get(name);
    if (partition === undefined) {
      partition = { topicId: at.topicId, partition: at.partition, waiting: [], waitingBytes: 0, behindUntil: 0, appended: undefined, running: undefined };
      this.partitions.set(name, partition);
    }
    return partition;
  }

  private run(partition: Partition): void {
    if (partition.running !== undefined || this.isStopped) return;
    partition.running = runOutside(() => this.drain(partition))
      // the sweep finds what is missing and begins again
      .catch(ignoreError(this.options.logger, 'drain', 'the messages are in the record and are appended by the next sweep'))
      .finally(() => (partition.running = undefined));
  }

  private async drain(partition: Partition): Promise<void> {
    // what comes in the same turn goes together
    await new Promise((resolve) => setImmediate(resolve));
    let patience = GAP_PATIENCE_COUNT;
    while (!this.isStopped && (partition.waiting.length > 0 || partition.behindUntil > (partition.appended ?? 0))) {
      const batch = takeRun(partition);
      this.waitingCount -= batch.length;
      const expected = await this.appendBatch(partition, batch);
      const last = batch.at(-1)?.offset ?? 0;
      if (expected > last) {
        patience = GAP_PATIENCE_COUNT;
        continue;
      }
      // something before these is missing
      giveBack(partition, batch);
      this.waitingCount += batch.length;
      if (patience-- > 0) await new Promise((resolve) => setTimeout(resolve, GAP_PAUSE_MS));
      else partition.behindUntil = Math.max(partition.behindUntil, (batch[0]?.offset ?? 1) - 1);
    }
  }

  /** @returns the offset that the stream expects next. */
  private async appendBatch(partition: Partition, batch: readonly BrokerMessage[]): Promise<number> {
    const { streams } = this.options;
    const messages = batch.length > 0 && partition.behindUntil <= (partition.appended ?? 0) ? batch : undefined;
    if (messages === undefined) {
      // behind, or nothing known: what the stream expects decides what is read
      await this.fill(partition);
      if (batch.length === 0) return Number.POSITIVE_INFINITY;
    }
    // the publisher may have its answer by now
    passFaultPoint('answered');
    const expected = await streams.append(batch);
    if (expected === undefined) {
      await this.rebuild(partition);
      return this.appendBatch(partition, batch);
    }
    passFaultPoint('appended');
    this.advance(partition, expected - 1, batch[0]?.publishedAt);
    return expected;
  }

  /** Appends from the record until `behindUntil`. */
  private async fill(partition: Partition): Promise<void> {
    const { streams, records, logger } = this.options;
    let [head] = await streams.heads([partition]);
    if (head === undefined) {
      await this.rebuild(partition);
      [head] = await streams.heads([partition]);
    }
    const from = head ?? 0;
    this.advance(partition, from);
    while ((partition.appended ?? 0) < partition.behindUntil) {
      const missing = await records.range(partition, (partition.appended ?? 0) + 1, partition.behindUntil, MAX_APPEND_COUNT);
      const next = missing[0]?.offset ?? partition.behindUntil + 1;
      if (next > (partition.appended ?? 0) + 1) {
        // their days were dropped while Redis was away: nobody can have them any more
        await streams.skip(partition, partition.appended ?? 0, next - 1);
        partition.appended = next - 1;
      }
      if (missing.length === 0) break;
      const expected = await streams.append(missing);
      if (expected === undefined) throw new RangeError('the stream vanished while it was filled');
      this.advance(partition, expected - 1, missing[0]?.publishedAt);
    }
    const filled = (partition.appended ?? 0) - from;
    if (filled > 0) logger.info({ topicId: partition.topicId, partition: partition.partition, count: filled }, 'a stream was filled from the record');
    partition.behindUntil = 0;
  }

  private rebuild(partition: Partition): Promise<void> {
    partition.appended = undefined;
    return rebuildStream(partition, this.options);
  }

  private advance(partition: Partition, offset: number, oldest?: Date): void {
    this.appendedAt = performance.now();
    if (this.waitingCount < CROWDED_COUNT) for (const resolve of this.relieved.splice(0)) resolve();
    const before = partition.appended ?? offset;
    partition.appended = Math.max(before, offset);
    if (offset >= before) this.options.onAppended(partition, offset - before, oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.getTime()));
  }
}

function nameOf({ topicId, partition }: PartitionId): string {
  return `${topicId}/${partition}`;
}

/** Takes the messages at the front whose offsets follow each other. */
function takeRun(partition: Partition): BrokerMessage[] {
  const { waiting } = partition;
  let bytes = 0;
  let end = 0;
  for (; end < waiting.length && end < MAX_APPEND_COUNT; end++) {
    const next = waiting[end];
    const before = waiting[end - 1];
    if (next === undefined || (before !== undefined && next.offset !== before.offset + 1)) break;
    if (end > 0 && bytes + next.payload.length > MAX_APPEND_BYTES) break;
    bytes += next.payload.length;
  }
  partition.waitingBytes -= bytes;
  return waiting.splice(0, end);
}

function giveBack(partition: Partition, batch: readonly BrokerMessage[]): void {
  partition.waiting.unshift(...batch);
  for (const { payload } of batch) partition.waitingBytes += payload.length;
}

/** @returns how many no longer wait. */
function leaveToRecord(partition: Partition): number {
  const { length } = partition.waiting;
  partition.behindUntil = Math.max(partition.behindUntil, partition.waiting.at(-1)?.offset ?? 0);
  partition.waiting = [];
  partition.waitingBytes = 0;
  return length;
}
