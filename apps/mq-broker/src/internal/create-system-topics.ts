import type { Sql } from '@angarium/database';
import { describeError } from '@angarium/errors';
import { Injectable } from '@nestjs/common';
import { CatalogSignals } from '../catalog/catalog-signals.js';
import { ensureSystemTopics } from '../catalog/topics/ensure-system-topics.js';
import { bridgedEvents } from '../flow/accept/bridge-events.controller.js';
import { InjectSql } from '../sql.js';
import { InjectWatchOptions, type WatchOptions } from '../watch/watch-options.js';

const RETRY_MS = 1_000;
/** A Postgres that is slow or silent at start holds the boot up no longer than this. */
const LONGEST_WAIT_MS = 2_000;

/**
 * Creates the missing topics of the system once, at the start; Postgres may be away then, so it tries until it is there.
 * States: **trying**, **done**, **stopped**.
 */
@Injectable()
export class CreateSystemTopics {
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<void> | undefined;
  private isStopped = false;
  private hasWarned = false;

  constructor(
    @InjectSql() private readonly sql: Sql,
    private readonly signals: CatalogSignals,
    @InjectWatchOptions() private readonly options: WatchOptions,
  ) {}

  /**
   * Begins to try. Resolves when the first pass is over, well or badly, and at the latest after `waitMs`; never rejects.
   * Events that are older than the first start are handled as soon as handlers run, and would find no topic: wait for this before.
   */
  async start(waitMs = LONGEST_WAIT_MS): Promise<void> {
    this.run();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.passing, late]);
    clearTimeout(timer);
  }

  /** Resolves when the pass that runs is over; nothing begins afterwards. Idempotent. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.passing;
  }

  /** One pass. @throws DATABASE_UNAVAILABLE. */
  async pass(): Promise<void> {
    const made = await ensureSystemTopics(this.sql, bridgedEvents);
    for (const { id } of made) this.signals.changed({ kind: 'topic', id });
    if (made.length > 0) this.options.logger.info({ topics: made.map(({ name }) => name) }, 'topics of the system created');
  }

  private run(): void {
    this.passing = this.pass().catch((error: unknown) => this.retry(error));
  }

  private retry(error: unknown): void {
    if (!this.hasWarned) this.options.logger.warn({ reason: describeError(error) }, 'topics of the system are created when Postgres answers');
    this.hasWarned = true;
    if (!this.isStopped) this.timer = setTimeout(() => this.run(), RETRY_MS).unref();
  }
}
