import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { StreamOperations } from '@angarium/streams';
import type { HeldEntries, HeldEntry } from './held-entry.js';

/**
 * Acknowledges in batches: what ends while one acknowledgement is on its way goes with the next.
 * A lost acknowledgement costs a redelivery, so nobody waits for it. Answered requests are removed: nobody reads them again.
 */
export class SettleLane {
  private readonly waiting = new Map<string, HeldEntry[]>();
  private readonly busy = new Map<string, Promise<void>>();

  constructor(
    private readonly operations: StreamOperations,
    private readonly group: string,
    private readonly held: HeldEntries,
    private readonly logger: Logger,
  ) {}

  /** Marks the entry as handled and acknowledges it soon. */
  settle(entry: HeldEntry): void {
    this.held.change(entry, 'settling');
    const { stream } = entry.route;
    const list = this.waiting.get(stream);
    if (list) list.push(entry);
    else {
      this.waiting.set(stream, [entry]);
      if (!this.busy.has(stream)) setImmediate(() => this.flush(stream));
    }
  }

  /** Resolves when everything handed over so far is acknowledged, or could not be. */
  async drain(): Promise<void> {
    for (const stream of this.waiting.keys()) this.flush(stream);
    while (this.busy.size > 0) await Promise.all(this.busy.values());
  }

  private flush(stream: string): void {
    const entries = this.waiting.get(stream);
    if (entries === undefined || this.busy.has(stream)) return;
    this.waiting.delete(stream);
    const done = this.acknowledge(stream, entries)
      .catch(ignoreError(this.logger, 'settle-lane', 'an entry that was not acknowledged is handed over again'))
      .then(() => {
        for (const entry of entries) this.held.remove(entry);
        this.busy.delete(stream);
        this.flush(stream);
      });
    this.busy.set(stream, done);
  }

  private async acknowledge(stream: string, entries: readonly HeldEntry[]): Promise<void> {
    const ids = entries.map(({ id }) => id);
    if (entries[0]?.route.kind === 'request') await this.operations.remove(stream, ids);
    else await this.operations.acknowledge(stream, this.group, ids);
  }
}
