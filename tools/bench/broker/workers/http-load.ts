import autocannon from 'autocannon';
import { LatencyRecorder, type Latency, type Schedule } from '../../transport/ledger.js';
import { openLoop, type Sent } from '../../transport/load.js';
import { now } from '../../transport/clock.js';
import { batchBody, publishBody } from './orders.js';
import { serveWorker } from '../../process/serve-worker.js';
import { HttpPoster } from './http-poster.js';

/** autocannon looks this often whether its time is up. */
const SAMPLE_MS = 50;
const TIMEOUT_S = 10;
const FILL_BATCH = 500;
const FILL_IN_FLIGHT = 4;

export interface ClosedLoad {
  readonly url: string;
  readonly apiKey: string;
  readonly body: string;
  readonly connections: number;
  readonly durationMs: number;
}

export interface ClosedResult {
  readonly answered: number;
  readonly refused: number;
  /** What was answered instead of 2xx, for the message: `429 × 12`. */
  readonly refusals: string;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly latency: Latency | undefined;
}

export interface OpenLoad {
  readonly url: string;
  readonly apiKey: string;
  readonly topic: string;
  readonly phase: number;
  readonly schedule: Schedule;
  readonly count: number;
}

export interface FillLoad {
  readonly url: string;
  readonly apiKey: string;
  readonly topic: string;
  readonly phase: number;
  readonly count: number;
}

const commands = {
  /** As many requests in flight as there are connections, by autocannon: the next when the last one is answered. */
  closed: async ({ url, apiKey, body, connections, durationMs }: ClosedLoad): Promise<ClosedResult> => {
    const recorder = new LatencyRecorder();
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` };
    const firstAt = now();
    let lastAt = firstAt;
    const load = autocannon({ url, method: 'POST', headers, body, connections, duration: durationMs / 1_000, sampleInt: SAMPLE_MS, timeout: TIMEOUT_S });
    load.on('response', (_client, status, _bytes, ms) => {
      if (status < 300) recorder.record(ms);
      lastAt = now();
    });
    const { '2xx': answered, errors, statusCodeStats } = await load;
    const codes = Object.entries(statusCodeStats).filter(([code]) => !code.startsWith('2'));
    const refused = errors + codes.reduce((sum, [, { count }]) => sum + count, 0);
    const refusals = [...codes.map(([code, { count }]) => `${code} × ${count}`), ...(errors > 0 ? [`broken connection × ${errors}`] : [])].join(', ');
    return { answered, refused, refusals, firstAt, lastAt, latency: recorder.latency() };
  },

  /** Message n at its time, whatever became of the others; latency from the moment at which it was meant to be sent to its answer. */
  open: async ({ url, apiKey, topic, phase, schedule, count }: OpenLoad): Promise<Sent & { latency: Latency | undefined }> => {
    const poster = new HttpPoster(url, apiKey);
    const recorder = new LatencyRecorder();
    const send = async (n: number) => {
      await poster.post('/api/v1/mq/publish', publishBody(topic, phase, n));
      recorder.record(now() - (schedule.startAt + n * schedule.intervalMs));
    };
    const sent = await openLoop(schedule, count, send);
    poster.close();
    return { ...sent, latency: recorder.latency() };
  },

  /** Publishes `count` messages in batches. @throws Error at the first batch that is refused. */
  fill: async ({ url, apiKey, topic, phase, count }: FillLoad): Promise<{ ms: number }> => {
    const poster = new HttpPoster(url, apiKey);
    const firstAt = now();
    let next = 0;
    const caller = async () => {
      while (next < count) {
        const [first, size] = [next, Math.min(FILL_BATCH, count - next)];
        next += size;
        await poster.post('/api/v1/mq/publish/batch', batchBody(topic, phase, first, size));
      }
    };
    await Promise.all(Array.from({ length: FILL_IN_FLIGHT }, caller));
    poster.close();
    return { ms: now() - firstAt };
  },
};
export type HttpLoadCommands = typeof commands;

await serveWorker<null, HttpLoadCommands>(() => ({ commands, stop: () => Promise.resolve() }));
