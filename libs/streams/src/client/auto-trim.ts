import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { TrimLimits } from '../stream-operations.js';
import type { Link } from './link.js';

export interface AutoTrimOptions {
  readonly intervalMs: number;
  readonly maxLen: number;
  /** Streams that are trimmed besides the watched ones. */
  readonly consumed: () => Iterable<string>;
  readonly link: Link;
  readonly log: Logger;
}

/** Approximate trimming leaves up to a node of this many entries; a stream longer than that is held up by somebody. */
const NODE_ENTRIES = 100;

/**
 * Trims every watched or consumed stream once in a while, never what a group has not acknowledged.
 * A timer of `pass`es, which do not overlap; `stop` ends it. It does not keep the process alive.
 */
export class AutoTrim {
  private readonly streams = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: AutoTrimOptions) {}

  /** The stream is trimmed from now on, until it is found empty. */
  watch(stream: string): void {
    this.streams.add(stream);
  }

  start(): void {
    this.timer ??= setInterval(() => {
      this.running ??= this.pass().finally(() => (this.running = undefined));
    }, this.options.intervalMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** Trims each stream once; a failure is logged and does not stop the others. Never rejects. */
  async pass(): Promise<void> {
    for (const stream of new Set([...this.streams, ...this.options.consumed()])) {
      try {
        await this.trim(stream);
      } catch (error) {
        this.options.log.warn({ stream, reason: describeError(error) }, 'Automatic trim failed; trying again at the next interval');
      }
    }
  }

  private async trim(stream: string): Promise<void> {
    const { link, log, maxLen } = this.options;
    const deleted = await trimStream(link, stream, { maxLen });
    if (deleted > 0) log.info({ stream, deleted, maxLen, isAutomatic: true }, 'Stream trimmed');
    const length = await link.run('XLEN', (operations) => operations.length(stream));
    if (length === 0) this.streams.delete(stream);
    if (length > maxLen + NODE_ENTRIES) {
      log.warn({ stream, length, maxLen }, 'Stream stays longer than its limit: a consumer group has not acknowledged its oldest messages (XINFO GROUPS, XPENDING)');
    }
  }
}

/** Trims what every group has acknowledged, in steps that each have the link's time. @returns how many entries were removed. */
export async function trimStream(link: Link, stream: string, limits: TrimLimits): Promise<number> {
  let deleted = 0;
  for (let mayRemoveMore = true; mayRemoveMore; ) {
    const step = await link.run('trim', (operations) => operations.trimStep(stream, limits));
    deleted += step.removed;
    mayRemoveMore = step.mayRemoveMore;
  }
  return deleted;
}
