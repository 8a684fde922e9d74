import type { Redis } from 'ioredis';
import { BenchChild } from './bench-child.js';
import type { ContenderInfo } from './contender.js';
import type { Usage } from './protocol.js';

/** CPU time in microseconds, by process. */
export interface Cpu {
  readonly producerUs: number;
  readonly consumerUs: number;
  readonly redisUs: number;
}

/** Both ends of a contender. */
export class Pair {
  private constructor(
    readonly info: ContenderInfo,
    readonly producer: BenchChild,
    readonly consumer: BenchChild,
    private readonly redis: Redis,
  ) {}

  /** Starts the receiving end, then the sending one. */
  static async start(info: ContenderInfo, options: { script: string; redisUrl: string; redis: Redis; profileDir?: string | undefined }): Promise<Pair> {
    const { script, redisUrl, redis, profileDir } = options;
    const consumer = await BenchChild.start({ script, redisUrl, profileDir, role: 'consumer', name: `${info.name}-consumer` });
    const producer = await BenchChild.start({ script, redisUrl, profileDir, role: 'producer', name: `${info.name}-producer` });
    return new Pair(info, producer, consumer, redis);
  }

  async cpu(): Promise<Cpu> {
    const [producer, consumer, redisUs] = await Promise.all([this.producer.call('usage', null), this.consumer.call('usage', null), redisCpuUs(this.redis)]);
    return { producerUs: producer.cpuUs, consumerUs: consumer.cpuUs, redisUs };
  }

  memory(): Promise<[producer: Usage, consumer: Usage]> {
    return Promise.all([this.producer.call('usage', null), this.consumer.call('usage', null)]);
  }

  async stop(): Promise<void> {
    await this.producer.stop();
    await this.consumer.stop();
  }
}

export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  return { producerUs: after.producerUs - before.producerUs, consumerUs: after.consumerUs - before.consumerUs, redisUs: after.redisUs - before.redisUs };
}

/** CPU time of the server, its background threads included. */
async function redisCpuUs(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (field: string) => Number(new RegExp(`^${field}:(.*)$`, 'm').exec(info)?.[1] ?? Number.NaN);
  return (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1e6;
}
