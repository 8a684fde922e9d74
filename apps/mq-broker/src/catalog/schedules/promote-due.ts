import type { Sql, SqlRunner } from '@angarium/database';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { commitMessages } from '../../flow/commit/commit.repository.js';
import { ensureDays, isDayMissing } from '../../flow/commit/message-days.js';
import type { Committed, NewMessage } from '../../flow/commit/new-message.js';
import { Loop } from '../../flow/loop.js';
import { dueRepository, type DueSchedule, type ScheduleOutcome } from './due.repository.js';
import { planPromotion, triedAgain, withoutPartition, type Promotion } from './plan-promotion.js';
import type { HearsPromoted } from './hears-promoted.js';

const BATCH_COUNT = 500;
/** Of payloads in one batch, so that large messages that are due together do not fill the memory. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** What is due was taken by another replica: it will be done in a moment. */
const TAKEN_PAUSE_MS = 20;
/** Longer than this no transaction waits for Redis. */
const APPEND_DEADLINE_MS = 500;

export interface PromoteDueOptions {
  readonly sql: Sql;
  readonly logger: Logger;
  readonly next: HearsPromoted;
  /** Longest pause between two looks. Default 100 ms. */
  readonly lookMs?: number;
  /** Stores messages within the transaction. Default: `commitMessages`. */
  readonly commit?: (tx: SqlRunner, messages: readonly NewMessage[]) => Promise<Committed[]>;
}

interface Planned extends Promotion {
  readonly due: DueSchedule;
}

interface Promoted {
  readonly stored: Committed[];
  readonly outcomes: readonly ScheduleOutcome[];
}

/**
 * Publishes what was scheduled when its time has come, by Postgres' clock; any number of replicas may do so.
 *
 * States: those of its loop: resting until the next time (100 ms at most), passing while something is due, stopped.
 * A pass is one transaction: take the rows, store their messages, write what became of them. A crash before its commit leaves all as it was,
 * one after it leaves nothing to do; so nothing is lost and nothing doubled. Topics with durability `stream` are not Postgres' matter:
 * what was appended to them before a crash is appended again, and recognised by its id within their window.
 */
export class PromoteDue {
  private readonly loop: Loop;

  constructor(private readonly options: PromoteDueOptions) {
    const { logger, lookMs = 100 } = options;
    this.loop = new Loop({ name: 'schedules', everyMs: lookMs, logger, pass: () => this.runPass(lookMs) });
  }

  /** Does not block. Idempotent. */
  start(): void {
    this.loop.start();
  }

  /** Resolves when the pass that runs is over; nothing begins afterwards. Idempotent. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  /**
   * One pass: at most one batch.
   * @returns how many schedules were due and are settled.
   * @throws DATABASE_UNAVAILABLE, DATABASE_BUSY; then nothing has changed, or everything.
   */
  async promoteOnce(): Promise<number> {
    const { sql, logger, next } = this.options;
    const { stored, outcomes } = await sql.transaction((tx) => this.promote(tx));
    if (stored.length > 0) next.promoted(stored);
    for (const { id, status, error } of outcomes) if (status === 'failed') logger.warn({ schedule: id, reason: error }, 'a schedule failed and ends');
    return outcomes.length;
  }

  /** Looks whether something is due, and promotes it. @returns when to look again, for the loop. */
  private async runPass(lookMs: number): Promise<true | number> {
    const { sql } = this.options;
    const waitMs = await dueRepository.waitMs(sql);
    if (waitMs === undefined || waitMs > 0) return Math.min(lookMs, Math.ceil(waitMs ?? lookMs));
    try {
      return (await this.promoteOnce()) > 0 || TAKEN_PAUSE_MS;
    } catch (error) {
      if (!isDayMissing(error)) throw error;
      await ensureDays(sql);
      return true;
    }
  }

  private async promote(tx: SqlRunner): Promise<Promoted> {
    const due = await dueRepository.takeDue(tx, BATCH_COUNT, BATCH_BYTES);
    if (due.length === 0) return { stored: [], outcomes: [] };
    const planned = withoutRepeats(due.map((it) => ({ ...planPromotion(it), due: it })));
    const { commit = commitMessages } = this.options;
    const messages = planned.flatMap(({ message, isForStream }) => (message === undefined || isForStream ? [] : [message]));
    const committed = messages.length === 0 ? [] : await commit(tx, messages);
    const gone = new Set(committed.flatMap(({ outcome, message }) => (outcome === 'gone' ? [message] : [])));
    const outcomes = await Promise.all(
      planned.map(async (it) => {
        if (it.message === undefined) return it.outcome;
        if (it.isForStream) return await this.append(it, it.message);
        return gone.has(it.message) ? withoutPartition(it.outcome) : it.outcome;
      }),
    );
    await dueRepository.settle(tx, outcomes);
    return { stored: committed.filter(({ outcome }) => outcome === 'stored'), outcomes };
  }

  /** Never rejects, and does not wait for long: a Redis that is away must not hold up what needs none. */
  private async append({ due, outcome }: Planned, message: NewMessage): Promise<ScheduleOutcome> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('Redis did not take it in time; tried again.')), APPEND_DEADLINE_MS);
    });
    try {
      const committed = await Promise.race([this.options.next.append(message), late]);
      return committed.outcome === 'gone' ? withoutPartition(outcome) : outcome;
    } catch (error) {
      return triedAgain(due, describeError(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** One statement cannot store one message id twice: who repeats one waits for the next pass, which recognises it. */
function withoutRepeats<P extends Promotion>(promotions: readonly P[]): P[] {
  const seen = new Set<string>();
  return promotions.filter(({ message }) => {
    if (message === undefined) return true;
    const name = `${message.topicId} ${message.messageId}`;
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew;
  });
}
