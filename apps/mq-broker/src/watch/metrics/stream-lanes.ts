import { ignoreError } from '@angarium/errors';
import { Injectable } from '@nestjs/common';
import { InjectWatchOptions, InjectWatchRedis, type RedisConnection, type WatchOptions } from '../watch-options.js';
import streamLane from './stream-lane.lua';

/** A subscription that lies behind in a partition. */
export interface Lane {
  readonly subscriptionId: string;
  readonly topicId: string;
  readonly partition: number;
  readonly settledOffset: number;
  /** How many messages lie after settledOffset. */
  readonly behind: number;
}

export interface LaneState {
  /** Given to a consumer and not settled; 0 while Redis is away. */
  readonly inFlight: number;
  /** When the oldest message that is not settled was published, in ms since 1970, as far as it is known: at the latest. */
  readonly oldestAt: number;
}

/** Most lanes that are asked for at a time: what a look at the figures costs Redis. */
export const LANE_LIMIT = 500;
const REMEMBERED_LIMIT = 5_000;

/** Looks into streams for what Postgres does not know: what is in flight, and how old the oldest unsettled entry is. */
@Injectable()
export class StreamLanes {
  /** Where a lane stood when it was seen last: one that does not move needs no second look at its time, and ages also while Redis is away. */
  private readonly seen = new Map<string, { readonly settledOffset: number; readonly oldestAt: number }>();

  constructor(
    @InjectWatchRedis() private readonly redis: RedisConnection,
    @InjectWatchOptions() private readonly options: WatchOptions,
  ) {}

  /**
   * The state of up to LANE_LIMIT lanes, in their order; further ones are left out.
   * Never throws: while Redis is away nothing is in flight, and a lane's age counts from when it was seen first.
   */
  async look(lanes: readonly Lane[], nowMs = Date.now()): Promise<LaneState[]> {
    return Promise.all(lanes.slice(0, LANE_LIMIT).map((lane) => this.lookAt(lane, nowMs)));
  }

  /** Bytes that a stream takes in Redis; undefined where it is missing or Redis is away. */
  async bytesOf(topicId: string, partition: number): Promise<number | undefined> {
    const ignored = ignoreError(this.options.logger, 'stream-lanes.bytes', 'the memory of streams is shown while Redis is there');
    const bytes = await this.redis.memory('USAGE', this.options.addresses.topicStream(topicId, partition)).catch(ignored);
    return typeof bytes === 'number' ? bytes : undefined;
  }

  private async lookAt(lane: Lane, nowMs: number): Promise<LaneState> {
    const stream = this.options.addresses.topicStream(lane.topicId, lane.partition);
    const ignored = ignoreError(this.options.logger, 'stream-lanes.look', 'the figures that Postgres has are shown rather than none');
    const answer = (await this.redis.eval(streamLane, 1, stream, lane.subscriptionId, lane.settledOffset).catch(ignored)) as [number, string | null] | undefined;
    const [inFlight, event] = answer ?? [0, null];
    return { inFlight, oldestAt: this.remember(lane, timeOf(event), nowMs) };
  }

  private remember({ subscriptionId, partition, settledOffset }: Lane, entryAt: number | undefined, nowMs: number): number {
    const key = `${subscriptionId}/${partition}`;
    const before = this.seen.get(key);
    const firstSeenAt = before?.settledOffset === settledOffset ? before.oldestAt : nowMs;
    const oldestAt = Math.min(entryAt ?? nowMs, firstSeenAt);
    this.seen.delete(key);
    this.seen.set(key, { settledOffset, oldestAt });
    if (this.seen.size > REMEMBERED_LIMIT) for (const [oldest] of this.seen) if (this.seen.size > REMEMBERED_LIMIT) this.seen.delete(oldest);
    return oldestAt;
  }
}

/** When an entry was published. The attributes are not parsed for it: in JSON no value can look like this field. */
function timeOf(event: string | null): number | undefined {
  const at = Date.parse(/"time":"([^"]+)"/.exec(event ?? '')?.[1] ?? '');
  return Number.isNaN(at) ? undefined : at;
}
