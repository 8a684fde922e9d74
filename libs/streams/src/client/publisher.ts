import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createAddresses, entryFields } from '@angarium/contracts';
import { RedisErrors, toRedisError } from '@angarium/redis';
import { StreamErrors } from '../errors.js';
import type { FlatFields } from '../stream-operations.js';
import type { EncodedData } from './encode-data.js';
import type { Link } from './link.js';

/**
 * Each stream has a lane: messages wait in it in the order of the calls, one batch is on its way at a time, and those that
 * come meanwhile form the next one (no timer, no added wait). One at a time is also what makes sending again safe: the
 * script tells a repeated batch by its sequence number, which must not be overtaken by a later one.
 *
 * A message is waiting → sent → settled. Its own timer settles it when Redis is too slow: as not written while it was only
 * waiting (it is taken out and will never be written), as unknown once it was sent.
 */
interface Outgoing extends EncodedData {
  readonly ownId: string | undefined;
  state: 'waiting' | 'sent' | 'settled';
  resolve(id: string): void;
  reject(error: Error): void;
}

/** Limits of one script call, so that Redis is not held for more than about two milliseconds. */
const BATCH_MESSAGES = 256;
const BATCH_BYTES = 256 * 1024;
/** Pause before sending again to a Redis that is there but not ready to write (loading, failing over). */
const SOON_MS = 25;

export class Publisher {
  private readonly lanes = new Map<string, Outgoing[]>();
  private readonly underway = new Set<Promise<string>>();
  private readonly producer = randomUUID();
  private readonly addresses = createAddresses();
  private sequence = 0;

  constructor(private readonly link: Link) {}

  /**
   * Appends one message; messages of one stream keep the order of the calls, and none is stored twice.
   * @returns the entry's id once Redis has stored it.
   * @throws REDIS_UNAVAILABLE (not written, and will not be), STREAM_OUTCOME_UNKNOWN, STREAM_ID_REFUSED, REDIS_REFUSED.
   */
  publish(stream: string, data: EncodedData, ownId?: string): Promise<string> {
    const promise = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => this.expire(outgoing), this.link.timeoutMs);
      const settle = (finish: () => void) => {
        if (outgoing.state === 'settled') return;
        outgoing.state = 'settled';
        clearTimeout(timer);
        finish();
      };
      const outgoing: Outgoing = {
        ...data,
        ownId,
        state: 'waiting',
        resolve: (id) => settle(() => resolve(id)),
        reject: (error) => settle(() => reject(error)),
      };
      this.enqueue(stream, outgoing);
    });
    this.underway.add(promise);
    const done = () => this.underway.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /** Resolves when every publish begun before is settled; at the latest after the link's timeout. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.underway]);
  }

  private enqueue(stream: string, outgoing: Outgoing): void {
    const lane = this.lanes.get(stream);
    if (lane !== undefined) {
      lane.push(outgoing);
      return;
    }
    const opened = [outgoing];
    this.lanes.set(stream, opened);
    void this.drain(stream, opened);
  }

  /** Never rejects: every failure settles the messages that it concerns. */
  private async drain(stream: string, lane: Outgoing[]): Promise<void> {
    // Calls of the same tick go into the same batch.
    await Promise.resolve();
    while (lane.length > 0) {
      const batch = takeBatch(lane);
      try {
        await this.send(stream, batch);
      } catch (error) {
        for (const it of batch) it.reject(toRedisError(error));
      }
    }
    this.lanes.delete(stream);
  }

  private async send(stream: string, taken: readonly Outgoing[]): Promise<void> {
    const fields = new Map<Outgoing, FlatFields>();
    for (const it of taken) fields.set(it, await it.fields);
    const sequence = ++this.sequence;
    let batch: readonly Outgoing[] = taken;
    for (let isFirst = true; ; await pause(SOON_MS)) {
      if (!(await this.link.whenReady()) && this.link.isClosed) {
        for (const it of batch) it.reject(it.state === 'sent' ? StreamErrors.STREAM_OUTCOME_UNKNOWN() : StreamErrors.STREAMS_CLOSED());
      }
      // What expired before the first sending is left out; a batch that was sent stays as it is, because its number stands for all of it.
      if (isFirst) batch = batch.filter((it) => it.state !== 'settled');
      if (batch.every((it) => it.state === 'settled')) return;
      if (!this.link.isReady) continue;
      isFirst = false;
      for (const it of batch) if (it.state === 'waiting') it.state = 'sent';
      try {
        const ids = await this.append(stream, batch, fields, sequence);
        batch.forEach((it, at) => settleWith(it, ids[at]));
        return;
      } catch (error) {
        if (!RedisErrors.REDIS_UNAVAILABLE.is(error)) throw error;
      }
    }
  }

  private async append(stream: string, batch: readonly Outgoing[], fields: ReadonlyMap<Outgoing, FlatFields>, sequence: number): Promise<(string | undefined)[]> {
    const [first] = batch;
    if (first?.ownId !== undefined) {
      return [await this.link.operations.appendWithId({ stream, id: first.ownId, fields: fields.get(first) ?? [], mayDiffer: entryFields.timestamp })];
    }
    return this.link.operations.append({
      stream,
      entries: batch.map((it) => ({ fields: fields.get(it) ?? [] })),
      producerKey: this.addresses.producerKey(stream, this.producer),
      sequence,
      dedupWindowMs: 0,
    });
  }

  private expire(outgoing: Outgoing): void {
    const { timeoutMs } = this.link;
    outgoing.reject(
      outgoing.state === 'sent'
        ? StreamErrors.STREAM_OUTCOME_UNKNOWN()
        : RedisErrors.REDIS_UNAVAILABLE(`Redis did not answer within ${timeoutMs} ms; the message was not written and will not be. Publish it again.`),
    );
  }
}

/** The next messages for one script call; one with an id of its own goes alone. Takes expired ones out on the way. */
function takeBatch(lane: Outgoing[]): Outgoing[] {
  const batch: Outgoing[] = [];
  let bytes = 0;
  for (let next = lane[0]; next !== undefined && batch.length < BATCH_MESSAGES; next = lane[0]) {
    bytes += next.size;
    if (batch.length > 0 && (next.ownId !== undefined || bytes > BATCH_BYTES)) break;
    lane.shift();
    if (next.state === 'settled') continue;
    batch.push(next);
    if (next.ownId !== undefined) break;
  }
  return batch;
}

function settleWith(outgoing: Outgoing, id: string | undefined): void {
  if (id !== undefined) outgoing.resolve(id);
  else outgoing.reject(outgoing.ownId === undefined ? StreamErrors.STREAM_OUTCOME_UNKNOWN() : StreamErrors.STREAM_ID_REFUSED());
}
