import { now } from '../../transport/clock.js';
import { LatencyRecorder, type Latency } from '../../transport/ledger.js';
import { closedLoop, type Sent } from '../../transport/load.js';
import { serveWorker } from '../../process/serve-worker.js';

export interface PeerArgument {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

/** Somebody else's way to make a message durable. */
export interface Peer {
  /** Resolves when it is durable. */
  send(n: number): Promise<unknown>;
  /** How many it holds. */
  count(): Promise<number>;
  /** Drops all it holds. */
  clear(): Promise<unknown>;
  stop(): Promise<unknown>;
}

export type PeerCommands = {
  readonly send: (ask: { durationMs: number; inFlight: number }) => Promise<Sent & { latency: Latency | undefined }>;
  readonly count: () => Promise<number>;
  readonly clear: () => Promise<unknown>;
};

/** The process of a peer: so many calls in flight for a while, the next when one has resolved. */
export function servePeer(make: (argument: PeerArgument) => Promise<Peer>): Promise<void> {
  return serveWorker<PeerArgument, PeerCommands>(async (argument) => {
    const peer = await make(argument);
    const commands: PeerCommands = {
      send: async ({ durationMs, inFlight }) => {
        const recorder = new LatencyRecorder();
        const sent = await closedLoop({ durationMs, slots: inFlight, size: 1 }, async (n) => {
          const startedAt = now();
          await peer.send(n);
          recorder.record(now() - startedAt);
        });
        return { ...sent, latency: recorder.latency() };
      },
      count: () => peer.count(),
      clear: () => peer.clear(),
    };
    return { commands, stop: () => peer.stop() };
  });
}
