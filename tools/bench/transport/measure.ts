import { now } from './clock.js';
import type { Latency, Schedule } from './ledger.js';
import type { Sent } from './load.js';
import { PHASES } from './numbered-users.js';
import { cpuBetween, type Cpu, type Pair } from './pair.js';

/** Nothing new for this long: what is missing is lost. */
const QUIET_MS = 3_000;
/** Between telling the ends of a schedule and its first message. */
const LEAD_MS = 30;

/** One measurement of one contender. */
export interface Measured {
  /** Why it does not count, or undefined. */
  readonly fault: string | undefined;
  readonly messages: number;
  /** From the first send to the last handled message or answer. */
  readonly perSecond: number;
  /** Per message. */
  readonly cpu: Cpu;
  /** Open loop only. */
  readonly latency: Latency | undefined;
}

export type Kind = 'emit' | 'request';

let phase = 0;
const nextPhase = () => (phase = (phase + 1) % PHASES);

/** As fast as it goes with `inFlight` messages on their way to the sender's acknowledgement, or requests on their way to their answer. */
export async function measureThroughput(pair: Pair, kind: Kind, load: { durationMs: number; inFlight: number }): Promise<Measured> {
  const phase = nextPhase();
  await pair.consumer.call('begin', { phase });
  const before = await pair.cpu();
  const sent = await pair.producer.call(kind === 'emit' ? 'emitClosed' : 'requestClosed', { phase, ...load });
  return settle(pair, kind, before, sent);
}

/** At a fixed rate; latency from the moment a message was meant to be sent to its handler, or to its answer. */
export async function measureLatency(pair: Pair, kind: Kind, load: { durationMs: number; perSecond: number }): Promise<Measured> {
  const phase = nextPhase();
  const schedule: Schedule = { startAt: now() + LEAD_MS, intervalMs: 1_000 / load.perSecond };
  const count = Math.round((load.durationMs * load.perSecond) / 1_000);
  await pair.consumer.call('begin', { phase, schedule });
  const before = await pair.cpu();
  const sent = await pair.producer.call(kind === 'emit' ? 'emitOpen' : 'requestOpen', { phase, schedule, count });
  return settle(pair, kind, before, sent);
}

async function settle(pair: Pair, kind: Kind, before: Cpu, sent: Sent & { latency?: Latency | undefined }): Promise<Measured> {
  // a request has been verified by its answer
  const isEmit = kind === 'emit';
  const received = isEmit
    ? await pair.consumer.call('collect', { count: sent.sent - sent.failed, quietMs: QUIET_MS })
    : { handled: sent.sent - sent.failed, duplicates: 0, lastAt: sent.lastAt, latency: sent.latency };
  const spent = cpuBetween(before, await pair.cpu());
  const per = (us: number) => us / Math.max(1, received.handled);
  return {
    fault: faultOf(sent, received),
    messages: received.handled,
    perSecond: (received.handled * 1_000) / (received.lastAt - sent.firstAt),
    cpu: { producerUs: per(spent.producerUs), consumerUs: per(spent.consumerUs), redisUs: per(spent.redisUs) },
    latency: received.latency,
  };
}

function faultOf({ sent, failed }: Sent, { handled, duplicates }: { handled: number; duplicates: number }): string | undefined {
  if (failed > 0) return `${failed} of ${sent} failed`;
  if (handled < sent) return `${sent - handled} of ${sent} lost`;
  if (duplicates > 0) return `${duplicates} of ${sent} handled twice`;
  return undefined;
}
