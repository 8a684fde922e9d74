import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { StreamOperations } from '@angarium/streams';

/** Consumers of crashed replicas are removed when nothing was heard of them for this long. */
const FORGET_CONSUMER_MS = 600_000;

export interface TrimHandledOptions {
  readonly operations: StreamOperations;
  readonly group: string;
  readonly streams: readonly string[];
  /** Handled entries stay readable for this long, for services that join later. */
  readonly retentionMs: number;
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Trims what every group has handled and tidies up after crashed replicas, once per `everyMs`. A failing pass is logged;
 * the next one tries again. Any number of replicas may do it at once.
 */
export class TrimHandled {
  private timer: NodeJS.Timeout | undefined;
  private pass: Promise<void> | undefined;

  constructor(private readonly options: TrimHandledOptions) {}

  start(): void {
    this.timer = setInterval(() => {
      this.pass ??= this.runPass().finally(() => (this.pass = undefined));
    }, this.options.everyMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.pass;
  }

  /** One pass over all streams. Never throws. */
  async runPass(): Promise<void> {
    const { operations, group, streams, retentionMs, logger } = this.options;
    for (const stream of streams) {
      try {
        const removed = await operations.trim(stream, { olderThanMs: retentionMs });
        const forgotten = await operations.forgetIdleConsumers(stream, group, FORGET_CONSUMER_MS);
        if (removed > 0 || forgotten > 0) logger.info({ stream, removed, forgotten }, 'handled entries trimmed');
      } catch (error) {
        logger.warn({ stream, reason: describeError(error) }, 'trimming failed; the next pass tries again');
      }
    }
  }
}
