import type { Latency } from '../../transport/ledger.js';

/** Who works for a message, in the order of the report. */
export const shares = ['broker', 'postgres', 'redis', 'client', 'receiver'] as const;
export type Share = (typeof shares)[number];
/** CPU time in microseconds; who takes no part is left out. */
export type Cpu = Readonly<Partial<Record<Share, number>>>;

/** One measurement of one workload. */
export interface Measured {
  /** Why it does not count, or undefined. */
  readonly fault: string | undefined;
  readonly messages: number;
  readonly perSecond: number;
  /** Microseconds per message. */
  readonly cpu: Cpu;
  readonly latency: Latency | undefined;
  /** Part of a processor that the busiest client process used while it measured; near 1 it was the bottleneck. */
  readonly clientBusy: number;
  /** Part of the machine that worked for others meanwhile, 0 to 1; undefined: not looked at. */
  readonly foreignShare?: number;
}

/** More of the machine than this worked for others: the rate is too low, the times are too long. */
export const NOISY_SHARE = 0.1;
export const isNoisy = ({ foreignShare = 0 }: Measured): boolean => foreignShare > NOISY_SHARE;

/** The rounds that are looked at: those without a fault, and of these the calm ones, unless all were noisy. */
export function counted(rounds: readonly Measured[]): readonly Measured[] {
  const valid = rounds.filter(({ fault }) => fault === undefined);
  const calm = valid.filter((it) => !isNoisy(it));
  return calm.length > 0 ? calm : valid;
}

/** What was found, before it is divided by the messages. */
export interface Found {
  readonly fault: string | undefined;
  readonly messages: number;
  /** From the first send to the last answer, or the last arrival. */
  readonly ms: number;
  readonly latency: Latency | undefined;
}

/** Divides what was spent. @param spent CPU time by share, microseconds. @param clientMs how long the client worked. */
export function measured(found: Found, spent: Cpu, clientMs = found.ms): Measured {
  const { fault, messages, ms, latency } = found;
  const count = Math.max(1, messages);
  const cpu = Object.fromEntries(Object.entries(spent).map(([share, us]) => [share, us / count]));
  return { fault, messages, latency, cpu, perSecond: (messages * 1_000) / ms, clientBusy: (spent.client ?? Number.NaN) / 1_000 / clientMs };
}

/** Sum over all processes, microseconds per message. */
export const cpuSum = ({ cpu }: Measured): number => Object.values(cpu).reduce((sum, us) => sum + us, 0);

/** Microseconds of CPU time so far, by share. */
export type Meter = () => Cpu;

/** @returns what was spent since the call, by share. */
export function startMeter(meter: Meter): () => Cpu {
  const before = meter();
  return () => Object.fromEntries(Object.entries(meter()).map(([share, us]) => [share, us - (before[share as Share] ?? 0)]));
}
