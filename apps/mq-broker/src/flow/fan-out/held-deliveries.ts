import type { Logger } from '@angarium/observability';
import { Loop } from '../loop.js';
import type { PartitionStreams } from '../partition-streams.js';
import type { LedgerRepository } from '../settle/ledger.repository.js';
import type { HeldDelivery } from '../settle/settle-delivery.js';

export const HEARTBEAT_MS = 1_500;

/**
 * The deliveries that this replica has in hand. One pass renews the leases of all: a replica that stops doing so is taken for dead
 * after some seconds, and another takes over what it had.
 */
export class HeldDeliveries {
  private readonly held = new Set<HeldDelivery>();
  private readonly loop: Loop;

  constructor(
    private readonly streams: PartitionStreams,
    private readonly ledger: LedgerRepository,
    private readonly consumer: string,
    private readonly leaseMs: number,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'keep-leases', everyMs: HEARTBEAT_MS, logger, pass: () => this.keepOnce() });
  }

  add(delivery: HeldDelivery): void {
    this.held.add(delivery);
  }

  remove(delivery: HeldDelivery): void {
    this.held.delete(delivery);
  }

  start(): void {
    this.loop.start();
  }

  /** Renews now. */
  kick(): void {
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** What is left when this replica stops; others take it over when its lease runs out. */
  get remaining(): readonly HeldDelivery[] {
    return [...this.held];
  }

  async keepOnce(): Promise<void> {
    const entries = new Map<string, HeldDelivery[]>();
    const rows: { id: string; token: string }[] = [];
    for (const delivery of this.held) {
      const { subscription, message, hold } = delivery;
      if (hold.kind === 'ledger') rows.push(hold);
      else {
        const name = `${subscription.id} ${message.partition}`;
        entries.set(name, [...(entries.get(name) ?? []), delivery]);
      }
    }
    // beside each other: Redis being away must not let the rows in Postgres lapse, nor the other way round
    const outcomes = await Promise.allSettled([
      this.ledger.keep(rows, this.leaseMs),
      ...[...entries.values()].map((list) => this.keepEntries(list)),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async keepEntries(list: readonly HeldDelivery[]): Promise<void> {
    const [first] = list;
    if (first !== undefined) await this.streams.keep(first.message, first.subscription.id, this.consumer, list.map(({ message }) => message.offset));
  }
}
