import { Redis } from 'ioredis';
import { startRedis, waitFor } from '@angarium/testing';
import { bundleScripts } from '../bundle-scripts.js';
import { watchForeignLoad } from '../report/machine.js';
import type { ContenderInfo } from './contender.js';
import { measureLatency, measureThroughput, type Kind, type Measured } from './measure.js';
import { Pair } from './pair.js';

export interface TransportPlan {
  readonly rounds: number;
  readonly warmUpMs: number;
  /** Length of one measurement; a round has four per contender. */
  readonly durationMs: number;
  readonly contenders: readonly ContenderInfo[];
  readonly profileDir?: string | undefined;
}

const kinds: readonly Kind[] = ['emit', 'request'];

/** What load each kind is put under. */
export const loads: Readonly<Record<Kind, { inFlight: number; perSecond: number }>> = {
  emit: { inFlight: 256, perSecond: 1_000 },
  request: { inFlight: 64, perSecond: 500 },
};

export interface Result {
  readonly contender: string;
  readonly kind: Kind;
  readonly throughput: readonly Measured[];
  readonly latency: readonly Measured[];
}

export interface Memory {
  readonly contender: string;
  readonly producerBytes: number;
  readonly consumerBytes: number;
}

export interface TransportRun {
  readonly results: readonly Result[];
  readonly memory: readonly Memory[];
  readonly redisVersion: string;
  /** Part of the machine's CPU time that went to processes that are not ours, 0 to 1. */
  readonly foreignShare: number;
}

/**
 * Runs all contenders in turns, round after round, so that what else the machine does hits all alike. One Redis of our own
 * (`appendfsync always`), emptied between turns; both ends of every contender live through the whole run.
 */
export async function runTransport(root: string, plan: TransportPlan, say: (line: string) => void): Promise<TransportRun> {
  const scripts = await bundleScripts(root, plan.contenders.map(({ name }) => `transport/contenders/${name}`));
  const server = await startRedis({ appendfsync: 'always' });
  const redis = new Redis(server.url);
  const pairs: Pair[] = [];
  try {
    for (const [i, info] of plan.contenders.entries()) {
      pairs.push(await Pair.start(info, { script: scripts[i] as string, redisUrl: server.url, redis, profileDir: plan.profileDir }));
    }
    const results = kinds.flatMap((kind) => pairs.map((pair) => ({ pair, contender: pair.info.name, kind, throughput: [] as Measured[], latency: [] as Measured[] })));
    const [usedBefore, foreignShare] = [await usedCpuUs(pairs), watchForeignLoad()];
    for (let round = 0; round <= plan.rounds; round++) {
      const isWarmUp = round === 0;
      for (const { pair, kind, throughput, latency } of results) {
        const durationMs = isWarmUp ? plan.warmUpMs : plan.durationMs;
        const fast = await measureThroughput(pair, kind, { durationMs, inFlight: loads[kind].inFlight });
        await empty(redis);
        const slow = await measureLatency(pair, kind, { durationMs, perSecond: loads[kind].perSecond });
        await empty(redis);
        say(`${isWarmUp ? 'warm-up' : `round ${round}/${plan.rounds}`}  ${kind.padEnd(7)}  ${pair.info.name.padEnd(12)}  ${inWords(fast, slow)}`);
        if (isWarmUp) continue;
        throughput.push(fast);
        latency.push(slow);
      }
    }
    const redisVersion = /^redis_version:(.*)$/m.exec(await redis.info('server'))?.[1]?.trim() ?? 'unknown';
    const used = (await usedCpuUs(pairs)) - usedBefore;
    return { results, memory: await Promise.all(pairs.map(memoryOf)), redisVersion, foreignShare: foreignShare(used) };
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
    redis.disconnect();
    await server.stop();
  }
}

/** Empties the streams (their groups stay) and starts the append-only file anew, so that no turn pays for the ones before it. */
async function empty(redis: Redis): Promise<void> {
  for (const key of await redis.keys('*')) if ((await redis.type(key)) === 'stream') await redis.xtrim(key, 'MAXLEN', 0);
  await redis.bgrewriteaof();
  const isDone = async () => /aof_rewrite_in_progress:0\r[^]*aof_rewrite_scheduled:0\r/.test(await redis.info('persistence'));
  await waitFor(isDone, { what: 'the append-only file to be rewritten', everyMs: 5 });
}

/** CPU time of all our processes so far. */
async function usedCpuUs(pairs: readonly Pair[]): Promise<number> {
  const all = await Promise.all(pairs.map((pair) => pair.cpu()));
  const { user, system } = process.cpuUsage();
  const ends = all.reduce((sum, { producerUs, consumerUs }) => sum + producerUs + consumerUs, 0);
  return ends + (all[0]?.redisUs ?? 0) + user + system;
}

async function memoryOf(pair: Pair): Promise<Memory> {
  const [producer, consumer] = await pair.memory();
  return { contender: pair.info.name, producerBytes: producer.rssBytes, consumerBytes: consumer.rssBytes };
}

function inWords(fast: Measured, slow: Measured): string {
  const { producerUs, consumerUs, redisUs } = fast.cpu;
  const cpu = `${(producerUs + consumerUs + redisUs).toFixed(1)} µs CPU each (${producerUs.toFixed(1)} + ${consumerUs.toFixed(1)} + ${redisUs.toFixed(1)} Redis)`;
  const latency = slow.latency === undefined ? 'no latency' : `p50 ${slow.latency.p50.toFixed(2)}  p95 ${slow.latency.p95.toFixed(2)}  p99 ${slow.latency.p99.toFixed(2)} ms`;
  const faults = [fast.fault, slow.fault].filter((it) => it !== undefined).map((it) => `VOID: ${it}`);
  return [`${Math.round(fast.perSecond).toLocaleString('en')}/s`.padStart(10), cpu, latency, ...faults].join('  ');
}
