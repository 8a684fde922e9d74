import { describeError } from '@angarium/errors';
import { Metrics, type Gauge } from '@angarium/observability';
import type { Sql } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { InjectSql } from '../../sql.js';
import { InjectWatchOptions, type WatchOptions } from '../watch-options.js';
import { readSlowest, type ConsumerFigures } from './consumer-figures.repository.js';
import { owedBy } from './owed-by.js';
import { StreamLanes, type Lane } from './stream-lanes.js';

const PASS_EVERY_MS = 10_000;
/** Series that Prometheus gets, however many subscriptions there are. */
const SUBSCRIPTION_LIMIT = 200;
const STREAM_LIMIT = 50;

/**
 * Keeps the gauges of what is owed: those of the subscriptions that owe the most, and the memory of the streams that they lie behind in.
 * One that owes nothing has no gauge. Every replica tells the same; take the max() of them.
 * States: **resting** between passes, **passing**, **stopped**. While Postgres is away there are no gauges, since old ones would lie.
 */
@Injectable()
export class SampleGauges {
  private readonly lag: Gauge<'subscription' | 'topic'>;
  private readonly oldestAge: Gauge<'subscription' | 'topic'>;
  private readonly streamBytes: Gauge<'topic_id' | 'topic' | 'partition'>;
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<void> | undefined;
  private isStopped = true;
  private isFailing = false;

  constructor(
    @InjectSql() private readonly sql: Sql,
    @InjectWatchOptions() private readonly options: WatchOptions,
    private readonly lanes: StreamLanes,
    metrics: Metrics,
  ) {
    this.lag = metrics.gauge('mq_subscription_lag', `Deliveries that a subscription still owes; of the ${SUBSCRIPTION_LIMIT} that owe the most.`, ['subscription', 'topic']);
    this.oldestAge = metrics.gauge('mq_subscription_oldest_unsettled_seconds', 'Age of the oldest message that a subscription still owes.', ['subscription', 'topic']);
    this.streamBytes = metrics.gauge('mq_stream_bytes', `Memory of a stream in Redis; of the ${STREAM_LIMIT} that subscriptions lie behind in most.`, ['topic_id', 'topic', 'partition']);
  }

  /** Begins to sample, at once and then every ten seconds. Does not block. Idempotent. */
  start(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    this.run();
  }

  /** Resolves when the pass that runs is over; nothing begins afterwards. Idempotent. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.passing;
  }

  /** One pass. @throws DATABASE_UNAVAILABLE; the gauges are then empty. */
  async pass(): Promise<void> {
    const slowest = await this.read();
    const [owed, streams] = await Promise.all([owedBy(this.lanes, slowest), this.bytesOf(slowest)]);
    this.empty();
    for (const { id: subscription, topic } of slowest) {
      const { lag = 0, oldestUnsettledAgeMs = null } = owed.get(subscription) ?? {};
      this.lag.set({ subscription, topic }, lag);
      if (oldestUnsettledAgeMs !== null) this.oldestAge.set({ subscription, topic }, oldestUnsettledAgeMs / 1_000);
    }
    for (const { labels, bytes } of streams) if (bytes !== undefined) this.streamBytes.set(labels, bytes);
  }

  private async read(): Promise<ConsumerFigures[]> {
    try {
      return await readSlowest(this.sql, SUBSCRIPTION_LIMIT);
    } catch (error) {
      this.empty();
      throw error;
    }
  }

  private bytesOf(slowest: readonly ConsumerFigures[]) {
    const names = new Map(slowest.map(({ topicId, topic }) => [topicId, topic]));
    const streams = new Map<string, Lane>();
    const lanes = slowest.flatMap((it) => it.lanes).sort((a, b) => b.behind - a.behind);
    for (const lane of lanes) if (streams.size < STREAM_LIMIT) streams.set(`${lane.topicId}/${lane.partition}`, lane);
    return Promise.all(
      [...streams.values()].map(async ({ topicId, partition }) => ({
        labels: { topic_id: topicId, topic: names.get(topicId) ?? '', partition: String(partition) },
        bytes: await this.lanes.bytesOf(topicId, partition),
      })),
    );
  }

  private empty(): void {
    for (const gauge of [this.lag, this.oldestAge, this.streamBytes]) gauge.reset();
  }

  private run(): void {
    this.passing = this.pass()
      .then(
        () => this.passed(),
        (error: unknown) => this.failed(error),
      )
      .finally(() => {
        if (!this.isStopped) this.timer = setTimeout(() => this.run(), PASS_EVERY_MS).unref();
      });
  }

  private passed(): void {
    if (this.isFailing) this.options.logger.info('lag and ages are told again');
    this.isFailing = false;
  }

  private failed(error: unknown): void {
    if (!this.isFailing) this.options.logger.warn({ reason: describeError(error) }, 'lag and ages are not told until Postgres answers');
    this.isFailing = true;
  }
}
