import { setTimeout as pause } from 'node:timers/promises';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { RedisErrors } from '@angarium/redis';
import type { Link } from './link.js';

const MOST_IDS = 512;
const REFUSED_PAUSE_MS = 250;

/**
 * Acknowledges what was handled, in batches: one XACK under way, what is handled meanwhile goes into the next.
 * While Redis is away the ids are kept and tried for ever, so that handled messages are not handed over again.
 */
export class Acknowledger {
  private readonly ids = new Set<string>();
  /** What was acknowledged while a question to Redis was open. */
  private confirmed: Set<string> | undefined;
  private flushing: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly link: Link,
    private readonly at: { readonly stream: string; readonly group: string },
    private readonly log: Logger,
  ) {}

  /** Whether the message was handled, but Redis does not know yet, or did not when it was asked the question of `during`. */
  has(id: string): boolean {
    return this.ids.has(id) || this.confirmed?.has(id) === true;
  }

  /**
   * Asks Redis what is pending and uses the answer. The answer may be older than an acknowledgement that comes through
   * before it is used; `has` knows those as well until then. One question at a time.
   */
  async during(ask: () => Promise<void>): Promise<void> {
    this.confirmed = new Set();
    try {
      await ask();
    } finally {
      this.confirmed = undefined;
    }
  }

  add(id: string): void {
    this.ids.add(id);
    this.flushing ??= this.flush();
  }

  /** Resolves when Redis knows everything that was handled, at the latest after one more timeout of the link. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.flushing;
    if (this.ids.size > 0) this.log.warn({ ...this.at, count: this.ids.size }, 'Handled messages could not be acknowledged; they will be handed over again');
  }

  private async flush(): Promise<void> {
    // Messages handled within the same turn share one command.
    await pause(0);
    while (this.ids.size > 0) {
      const isLastTry = this.isStopped;
      const batch = [...this.ids].slice(0, MOST_IDS);
      try {
        const count = await this.link.run('XACK', (operations) => operations.acknowledge(this.at.stream, this.at.group, batch));
        for (const id of batch) {
          this.ids.delete(id);
          this.confirmed?.add(id);
        }
        this.log.debug({ ...this.at, count }, 'Message acknowledged');
      } catch (error) {
        if (isLastTry || this.link.isClosed) break;
        this.log.warn({ ...this.at, reason: describeError(error) }, 'Acknowledging failed; trying again');
        if (!RedisErrors.REDIS_UNAVAILABLE.is(error)) await pause(REFUSED_PAUSE_MS);
      }
    }
    this.flushing = undefined;
  }
}
