import { describeError, ignoreError } from '@angarium/errors';
import { Injectable } from '@nestjs/common';
import { InjectWatchOptions, InjectWatchRedis, type RedisConnection, type WatchOptions } from '../watch-options.js';
import { BrokerMeter, type WindowKey } from './broker-meter.js';
import noteReplica from './note-replica.lua';
import { combineTotals, decodeTotals, encodeTotals, type WindowFigures, type WindowTotals } from './window-totals.js';

const PASS_EVERY_MS = 10_000;
/** Three passes may fail before a replica counts as gone. */
export const REPLICA_TTL_MS = 30_000;

/**
 * Adds the figures of all replicas up: each writes its own into Redis every ten seconds, best effort, and reads those of the others when asked.
 * States: **resting** between passes, **passing**, **stopped**. While Redis is away the figures are this replica's alone.
 */
@Injectable()
export class ReplicaFigures {
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<void> | undefined;
  private isStopped = true;
  private isRedisAway = false;
  private known: readonly string[] | undefined;

  constructor(
    @InjectWatchRedis() private readonly redis: RedisConnection,
    @InjectWatchOptions() private readonly options: WatchOptions,
    private readonly meter: BrokerMeter,
  ) {}

  /** Begins to pass, at once and then every ten seconds. Does not block. Idempotent. */
  start(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    if (this.redis.status === 'ready') this.run();
    else this.redis.once('ready', () => this.run());
  }

  /** Ends the passes and takes this replica off the list, best effort. Idempotent. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.passing;
    const { instance, logger } = this.options;
    const forget = ignoreError(logger, 'replica-figures.stop', 'the others forget this replica by themselves, seconds later');
    await Promise.all([this.redis.zrem(this.instancesKey, instance).catch(forget), this.redis.del(this.meterKey(instance)).catch(forget)]);
  }

  /** One pass: tells the others that this replica lives and what it saw. @throws what Redis does. */
  async pass(): Promise<void> {
    const { instance } = this.options;
    const fields = Object.fromEntries([...this.meter.everything()].map(([key, totals]) => [key, encodeTotals(totals)]));
    const key = this.meterKey(instance);
    // the hash first: whoever reads the list finds the figures
    await this.redis.multi().del(key).hset(key, fields).pexpire(key, REPLICA_TTL_MS).exec();
    this.known = (await this.redis.eval(noteReplica, 1, this.instancesKey, instance, REPLICA_TTL_MS)) as string[];
  }

  /** Instances that were heard of lately, this one among them; undefined while Redis is away. */
  replicas(): readonly string[] | undefined {
    return this.known;
  }

  /** The figures of all replicas for each key, in the order of the keys. Never throws: without Redis they are this replica's. */
  async read(keys: readonly WindowKey[]): Promise<WindowFigures[]> {
    const others = keys.length === 0 ? [] : await this.readOthers(keys);
    return keys.map((key, at) => combineTotals([this.meter.totals(key), ...others.flatMap((one) => one[at] ?? [])]));
  }

  private async readOthers(keys: readonly WindowKey[]): Promise<(WindowTotals | undefined)[][]> {
    const { instance, logger } = this.options;
    const others = (this.known ?? []).filter((it) => it !== instance);
    const ignored = ignoreError(logger, 'replica-figures.read', 'figures of one replica are shown rather than none');
    return Promise.all(
      others.map(async (other) => {
        const texts = await this.redis.hmget(this.meterKey(other), ...keys).catch(ignored);
        return (texts ?? []).map((text) => (text === null ? undefined : decodeTotals(text)));
      }),
    );
  }

  private run(): void {
    if (this.isStopped) return;
    this.passing = this.pass()
      .then(() => this.passed(), (error: unknown) => this.failed(error))
      .finally(() => {
        if (!this.isStopped) this.timer = setTimeout(() => this.run(), PASS_EVERY_MS).unref();
      });
  }

  private passed(): void {
    if (this.isRedisAway) this.options.logger.info('figures of all replicas again');
    this.isRedisAway = false;
  }

  private failed(error: unknown): void {
    this.known = undefined;
    if (!this.isRedisAway) this.options.logger.warn({ reason: describeError(error) }, 'figures of this replica alone: Redis does not keep those of the others');
    this.isRedisAway = true;
  }

  private get instancesKey(): string {
    return this.options.addresses.mqKey('instances');
  }

  private meterKey(instance: string): string {
    return this.options.addresses.mqKey('meter', instance);
  }
}
