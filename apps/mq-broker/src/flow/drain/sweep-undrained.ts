import type { Logger } from '@angarium/observability';
import { Loop } from '../loop.js';
import type { RecordRepository } from '../record.repository.js';
import type { DrainLane } from './drain-lane.js';
import type { Epoch } from './epoch.js';

/** Twice that is the longest time until what nobody appended is found. */
const SWEEP_MS = 500;

/**
 * Finds committed messages that nobody appended: their replica died between commit and drain, or Redis was away, or it came back
 * with less than it had. One pass: look whether Redis still has its data, compare with what is known where every partition's numbering stood a pass ago.
 */
export class SweepUndrained {
  private readonly loop: Loop;
  /** Where each partition's numbering stood at the pass before; undefined: nothing was appended for sure since then. */
  private before: ReadonlyMap<string, number> | undefined;

  constructor(
    private readonly records: RecordRepository,
    private readonly lane: DrainLane,
    private readonly epoch: Epoch,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'sweep-undrained', everyMs: SWEEP_MS, logger, pass: () => this.sweepOnce() });
    epoch.onChange(() => this.forgetAll());
  }

  start(): void {
    this.loop.start();
  }

  /** Redis is back: what it lost is looked for now. */
  kick(): void {
    this.forgetAll();
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async sweepOnce(): Promise<void> {
    await this.epoch.refresh();
    const { before } = this;
    const heads = new Map<string, number>();
    for (const { head, isStreamOnly, ...at } of await this.records.heads()) {
      if (isStreamOnly) continue;
      const name = `${at.topicId}/${at.partition}`;
      heads.set(name, head);
      // what was committed since the last pass is most likely on its way: under load, reading it from the record as well would double the work
      this.lane.catchUp(at, before === undefined ? head : Math.min(head, before.get(name) ?? 0));
    }
    // unless everything was forgotten meanwhile
    if (this.before === before) this.before = heads;
  }

  private forgetAll(): void {
    this.lane.forgetAll();
    this.before = undefined;
  }
}
