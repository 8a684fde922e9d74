import type { BenchParts } from '../system/bench-parts.js';
import { storeFault } from './ledger-faults.js';
import { measured, startMeter, type Measured } from './measured.js';
import { cpuOfTree } from '../../process/process-usage.js';

export const PEER_IN_FLIGHT = 64;

/** A peer's own client, 64 calls in flight, into the same servers; what it stored is counted, then dropped. */
export async function measurePeer({ system, peers }: BenchParts, name: string, durationMs: number): Promise<Measured> {
  const peer = peers.get(name);
  if (peer === undefined) throw new Error(`there is no peer ${name}`);
  const { postgres, redisServer } = system;
  const spent = startMeter(() => ({ postgres: cpuOfTree(postgres.pid), redis: cpuOfTree(redisServer.pid), client: cpuOfTree(peer.pid) }));
  const sent = await peer.call('send', { durationMs, inFlight: PEER_IN_FLIGHT });
  const cpu = spent();
  const stored = await peer.call('count');
  await peer.call('clear');
  const messages = sent.sent - sent.failed;
  const fault = sent.failed > 0 ? `${sent.failed} of ${sent.sent} failed` : storeFault(messages, stored);
  return measured({ fault, messages, ms: sent.lastAt - sent.firstAt, latency: sent.latency }, cpu);
}
