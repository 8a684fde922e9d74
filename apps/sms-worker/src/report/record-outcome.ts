import { setTimeout as pause } from 'node:timers/promises';
import type { OutboxRelay } from '@angarium/database';
import { describeError, toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Source } from '@angarium/transport';
import type { Move } from './decide-move.js';
import type { Moved, Moving, OutcomeRepository } from './outcome.repository.js';

/** How long a Postgres that is away is waited for; below the 60 s that a job may take. */
const HOLD_MS = 30_000;
const PAUSE_MS = 250;

export interface RecordOutcomeParts {
  readonly outcomes: OutcomeRepository;
  readonly relay: Pick<OutboxRelay, 'kick'>;
  readonly source: Source;
  readonly logger: Logger;
}

/**
 * Writes what became of an SMS. After a provider's answer the ledger is what keeps the SMS from going out twice, so a Postgres that is
 * away is waited for. When that takes too long the row stays `sending`, and the provider is asked before anything is sent again.
 */
export class RecordOutcome {
  private readonly stopping = new AbortController();

  constructor(private readonly parts: RecordOutcomeParts) {}

  /** Idempotent. @returns undefined where nothing changed. @throws DATABASE_UNAVAILABLE after 30 s */
  async record(which: Moving, move: Move): Promise<Moved | undefined> {
    const { outcomes, relay, source, logger } = this.parts;
    const until = performance.now() + HOLD_MS;
    for (let failures = 0; ; failures++) {
      try {
        const moved = await outcomes.move(which, move, source);
        if (moved !== undefined) relay.kick();
        return moved;
      } catch (error) {
        const isOutage = toAngariumError(error).retry === 'when-available';
        if (!isOutage || performance.now() > until || this.stopping.signal.aborted) throw error;
        if (failures === 0) logger.warn({ deliveryId: which.deliveryId, reason: describeError(error) }, 'outcome of an SMS not written yet; trying again');
        await pause(PAUSE_MS, undefined, { signal: this.stopping.signal });
      }
    }
  }

  /** Nothing is tried again. Idempotent. */
  stop(): void {
    this.stopping.abort();
  }
}
