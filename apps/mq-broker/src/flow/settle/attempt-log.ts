import { toArrayLiteral, type Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { BatchLane } from '../batch-lane.js';

export interface Attempt {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly messageId: string;
  readonly partition: number;
  readonly offset: number;
  /** retrying: another one follows. failed: it was the last. expired: the message was too old. aborted: the receiver wanted no more of it. */
  readonly status: 'success' | 'retrying' | 'failed' | 'expired' | 'aborted';
  /** 1 for the first. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly error?: string | undefined;
  readonly responseStatus?: number | undefined;
  readonly responseHead?: string | undefined;
  readonly nextAttemptAt?: Date | undefined;
}

/** Lines that wait while Postgres is away; beyond that they are dropped: the log is told to people, nothing is decided by it. */
const MAX_WAITING_COUNT = 20_000;
/** Postgres' text cannot hold it. */
const nul = /\u0000/g;

/** Notes every attempt of every delivery, in batches, as well as can be. */
export class AttemptLog {
  private readonly lane: BatchLane<Attempt, undefined>;

  constructor(
    private readonly sql: Sql,
    private readonly instance: string,
    private readonly logger: Logger,
  ) {
    this.lane = new BatchLane({ maxCount: 500, run: (attempts) => this.write(attempts) });
  }

  /** Returns at once, never throws. */
  note(attempts: readonly Attempt[]): void {
    if (attempts.length === 0 || this.lane.backlog > MAX_WAITING_COUNT) return;
    this.lane.add(attempts).catch(ignoreError(this.logger, 'attempt-log', 'a line of the log is missing; the delivery itself is settled elsewhere'));
  }

  idle(): Promise<void> {
    return this.lane.idle();
  }

  private async write(attempts: readonly Attempt[]): Promise<undefined[]> {
    const column = (read: (attempt: Attempt) => string | number | Date | null | undefined) => toArrayLiteral(attempts.map(read));
    await this.sql.query(
      `INSERT INTO broker.consumption_records (subscription_id, tenant_id, message_id, partition_id, offset_value, status, retry_count, consumed_at, processed_at,
         processing_time_ms, error_message, response_status, response_head, next_retry_at, consumer_instance)
       SELECT s, n, m, p, o, st, a, at, at + ms * interval '1 millisecond', ms, e, rs, rh, nx, $13
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::int[], $8::timestamptz[], $9::int[], $10::text[], $11::int[],
         $12::text[], $14::timestamptz[]) AS x(s, n, m, p, o, st, a, at, ms, e, rs, rh, nx)`,
      [
        ...[column((it) => it.subscriptionId), column((it) => it.tenantId), column((it) => it.messageId), column((it) => it.partition)],
        // retry_count says how many came before
        ...[column((it) => it.offset), column((it) => it.status), column((it) => it.attempt - 1), column((it) => it.startedAt)],
        ...[column((it) => Math.round(it.durationMs)), column((it) => it.error?.replace(nul, '')), column((it) => it.responseStatus)],
        ...[column((it) => it.responseHead?.replace(nul, '')), this.instance, column((it) => it.nextAttemptAt)],
      ],
      'attempt-log',
    );
    return attempts.map(() => undefined);
  }
}
