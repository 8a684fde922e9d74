import type { Logger } from '@angarium/observability';
import { Loop } from '../loop.js';
import type { RecordRepository } from '../record.repository.js';
import type { DrainLane } from './drain-lane.js';
import type { Epoch } from './epoch.js';

const SWEEP_MS = 1_000;

/**
 * Finds committed messages that nobody appended: their replica died between commit and drain, or Redis was away, or it came back
 * with less than it had. One pass: look whether Redis still has its data, compare every partition's numbering with what is known.
 */
export class SweepUndrained {
  private readonly loop: Loop;

  constructor(
    private readonly records: RecordRepository,
    private readonly lane: DrainLane,
    private readonly epoch: Epoch,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'sweep-undrained', everyMs: SWEEP_MS, logger, pass: () => this.sweepOnce() });
    epoch.onChange(() => this.lane.forgetAll());
  }

  start(): void {
    this.loop.start();
  }

  /** Redis is back: what it lost is looked for now. */
  kick(): void {
    this.lane.forgetAll();
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async sweepOnce(): Promise<void> {
    await this.epoch.refresh();
    for (const { head, isStreamOnly, ...at } of await this.records.heads()) if (!isStreamOnly) this.lane.catchUp(at, head);
  }
}
