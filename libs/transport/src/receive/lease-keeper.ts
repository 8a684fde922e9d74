import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { replyCode } from '@angarium/redis';
import type { ReclaimedEntry, StreamOperations } from '@angarium/streams';
import type { HeldEntries, HeldEntry } from './held-entry.js';

/** Entries taken over in one pass, per stream. */
const RECLAIM_COUNT = 100;
const PASSES_PER_LEASE = 6;

export interface LeaseKeeperOptions {
  readonly operations: StreamOperations;
  readonly group: string;
  readonly consumer: string;
  readonly held: HeldEntries;
  /** An entry whose consumer was not heard of for this long is taken over. */
  readonly leaseMs: number;
  readonly logger: Logger;
  /** Streams of which abandoned entries are taken over. */
  readonly streams: () => readonly string[];
  /** When Redis was last found to be back, by the process clock; an outage makes every lease look old. */
  readonly redisBackAt: () => number;
  readonly takeOver: (stream: string, entry: ReclaimedEntry) => void;
}

/**
 * Keeps the leases of entries being handled, takes over those of replicas that are gone.
 * Several passes per lease, so that two may fail and an abandoned entry waits little longer than its lease. A failing pass is logged and the next one tries again. Stops by `stop()`.
 */
export class LeaseKeeper {
  private timer: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;
  private readonly cursors = new Map<string, string>();

  constructor(private readonly options: LeaseKeeperOptions) {}

  start(): void {
    this.timer = setInterval(() => void this.runPass(), this.options.leaseMs / PASSES_PER_LEASE);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.pass;
  }

  /** Both steps once; never two passes at a time. Never throws. */
  runPass(): Promise<void> {
    this.pass ??= this.keepThenReclaim()
      .catch((error: unknown) => {
        if (replyCode((error as { cause?: unknown }).cause) === 'NOGROUP') return;
        this.options.logger.warn({ reason: describeError(error) }, 'leases not renewed; trying again');
      })
      .finally(() => (this.pass = undefined));
    return this.pass;
  }

  /** Renews what is held for longer than one pass; shorter work needs no renewal. */
  async keep(): Promise<void> {
    const { operations, group, consumer, held, leaseMs } = this.options;
    const old = performance.now() - leaseMs / PASSES_PER_LEASE;
    for (const [stream, entries] of byStream(held.all(), (it) => it.route.kind === 'event' && it.state !== 'settling' && it.heldSince < old)) {
      const lost = new Set(await operations.keep(stream, group, consumer, entries));
      for (const entry of entries) if (lost.has(entry.id) && entry.state === 'waiting') held.remove(entry);
    }
  }

  /** Takes over what was abandoned, as far as there is room. */
  async reclaim(): Promise<void> {
    const { operations, group, consumer, held, leaseMs, takeOver } = this.options;
    if (performance.now() - this.options.redisBackAt() < leaseMs) return;
    for (const stream of this.options.streams()) {
      const count = Math.min(RECLAIM_COUNT, held.room('event'));
      if (count === 0) return;
      const cursor = this.cursors.get(stream) ?? '';
      const found = await operations.reclaim({ stream, group, consumer, minIdleMs: leaseMs, count, cursor });
      this.cursors.set(stream, found.cursor);
      for (const entry of found.entries) takeOver(stream, entry);
    }
  }

  private async keepThenReclaim(): Promise<void> {
    await this.keep();
    await this.reclaim();
  }
}

/** Groups held entries by their stream. */
export function byStream(entries: Iterable<HeldEntry>, isWanted: (entry: HeldEntry) => boolean): Map<string, HeldEntry[]> {
  const groups = new Map<string, HeldEntry[]>();
  for (const entry of entries) {
    if (!isWanted(entry)) continue;
    const list = groups.get(entry.route.stream);
    if (list) list.push(entry);
    else groups.set(entry.route.stream, [entry]);
  }
  return groups;
}
