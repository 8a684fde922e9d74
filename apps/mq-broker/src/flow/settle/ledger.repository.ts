import { toArrayLiteral, type Sql, type SqlRunner } from '@angarium/database';
import type { BrokerMessage } from '../broker-message.js';
import { fromRecord, recordColumns } from '../record.repository.js';

/** A delivery that is put into the ledger: its first attempt did not succeed, or did not end. */
export interface Parked {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly message: Pick<BrokerMessage, 'topicId' | 'partition' | 'offset' | 'publishedAt' | 'messageId' | 'key'>;
  readonly attempts: number;
  /** Undefined: it is dead. */
  readonly retryInMs: number | undefined;
  /** Null: nothing failed. */
  readonly error: string | null;
}

/** A delivery from the ledger that is ours for a while. */
export interface Leased {
  readonly id: string;
  readonly token: string;
  /** This one included. */
  readonly attempt: number;
  readonly redrives: number;
  readonly message: BrokerMessage;
}

/** A delivery whose lease ran out. */
export interface Expired {
  readonly id: string;
  readonly token: string;
  readonly subscriptionId: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly messageId: string;
  readonly partition: number;
  readonly offset: number;
  /** When the lease began, and how long it was with all that it was extended by. */
  readonly takenAt: Date;
  readonly leasedMs: number;
}

interface LeasedRow {
  readonly id: string;
  readonly lease_token: string;
  readonly attempts: number;
  readonly redrives: number;
}

interface ExpiredRow extends LeasedRow {
  readonly subscription_id: string;
  readonly message_id: string;
  readonly partition_id: number;
  readonly offset_value: string;
  readonly updated_at: Date;
  readonly leased_ms: number;
}

/** The column is rounded to milliseconds and may lie half a one ahead of the time that it was given. */
const NOW = `now() + interval '1 millisecond'`;
/** What is older in the order of its key and still owed holds a delivery up. */
const ORDER_GATE = `AND NOT EXISTS (SELECT FROM broker.deliveries o WHERE o.subscription_id = d.subscription_id AND o.message_key = d.message_key
      AND o.status IN ('waiting', 'in_flight') AND o.partition_id = d.partition_id AND o.offset_value < d.offset_value)`;

const take = (isOrdered: boolean) => `WITH next AS (
    SELECT d.id FROM broker.deliveries d
    WHERE d.subscription_id = $1 AND d.status = 'waiting' AND d.next_attempt_at <= ${NOW} ${isOrdered ? ORDER_GATE : ''}
    ORDER BY ${isOrdered ? 'd.partition_id, d.offset_value' : 'd.next_attempt_at'} LIMIT $2 FOR UPDATE SKIP LOCKED
  ), taken AS (
    UPDATE broker.deliveries d SET status = 'in_flight', attempts = d.attempts + 1, lease_token = gen_random_uuid(),
      lease_until = now() + $3 * interval '1 millisecond', updated_at = now()
    FROM next WHERE d.id = next.id
    RETURNING d.*
  )
  SELECT d.id, d.lease_token, d.attempts, d.redrives, ${recordColumns}
  FROM taken d JOIN broker.message_records r
    ON r.topic_id = d.topic_id AND r.partition_id = d.partition_id AND r.offset_value = d.offset_value AND r.published_at = d.published_at
  ORDER BY d.partition_id, d.offset_value`;
const TAKE = take(false);
const TAKE_IN_ORDER = take(true);

/**
 * The ledger: deliveries that did not succeed at once. A row belongs to whoever holds its lease token; every change names it,
 * so nobody settles what was given to another.
 */
export class LedgerRepository {
  constructor(private readonly sql: Sql) {}

  /** Puts deliveries into the ledger. One that is there already stays as it is: somebody else was first. */
  async park(parked: readonly Parked[], runner: SqlRunner = this.sql): Promise<void> {
    await runner.query(
      `INSERT INTO broker.deliveries (subscription_id, topic_id, partition_id, offset_value, published_at, message_id, message_key, tenant_id,
         status, attempts, next_attempt_at, last_error, died_at)
       SELECT x.s, x.t, x.p, x.o, x.at, x.m, x.k, x.n, CASE WHEN wait IS NULL THEN 'dead' ELSE 'waiting' END, x.a,
         now() + coalesce(wait, 0) * interval '1 millisecond', x.e, CASE WHEN wait IS NULL THEN now() END
       FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::uuid[], $9::int[], $10::float8[], $11::text[])
         AS x(s, t, p, o, at, m, k, n, a, wait, e)
         -- a subscription that was deleted owes nothing, and what was purged is owed to nobody
         JOIN broker.message_subscriptions ms ON ms.id = s JOIN broker.topic_partitions tp ON tp.topic_id = t AND tp.partition_id = p AND tp.first_offset <= o
       ON CONFLICT (subscription_id, partition_id, offset_value) DO NOTHING`,
      [
        toArrayLiteral(parked.map((it) => it.subscriptionId)),
        toArrayLiteral(parked.map((it) => it.message.topicId)),
        toArrayLiteral(parked.map((it) => it.message.partition)),
        toArrayLiteral(parked.map((it) => it.message.offset)),
        toArrayLiteral(parked.map((it) => it.message.publishedAt)),
        toArrayLiteral(parked.map((it) => it.message.messageId)),
        toArrayLiteral(parked.map((it) => it.message.key)),
        toArrayLiteral(parked.map((it) => it.tenantId)),
        toArrayLiteral(parked.map((it) => it.attempts)),
        toArrayLiteral(parked.map((it) => it.retryInMs)),
        toArrayLiteral(parked.map((it) => it.error)),
      ],
      'park',
    );
  }

  /**
   * Takes deliveries that are due; with `isOrdered` only the oldest of each key. Rows that others are taking are passed over.
   * One whose record was dropped (its retention is over) is taken but not returned: its lease runs out until its attempts are used up.
   */
  async take(subscriptionId: string, count: number, leaseMs: number, isOrdered: boolean): Promise<Leased[]> {
    const rows = await this.sql.query<LeasedRow & Parameters<typeof fromRecord>[0]>(
      isOrdered ? TAKE_IN_ORDER : TAKE,
      [subscriptionId, count, leaseMs],
      isOrdered ? 'take-in-order' : 'take',
    );
    return rows.map((row) => ({ id: row.id, token: row.lease_token, attempt: row.attempts, redrives: row.redrives, message: fromRecord(row) }));
  }

  /** Ends deliveries well; with a subscription only those of it. @returns the ids that were still ours. */
  async settle(leased: readonly { readonly id: string; readonly token: string }[], subscriptionId?: string): Promise<Set<string>> {
    if (leased.length === 0) return new Set();
    const rows = await this.sql.query<{ id: string }>(
      `UPDATE broker.deliveries d SET status = 'delivered', lease_token = NULL, lease_until = NULL, last_error = NULL, updated_at = now()
       FROM unnest($1::uuid[], $2::uuid[]) AS x(id, token) WHERE d.id = x.id AND d.lease_token = x.token AND d.status = 'in_flight' AND ($3::uuid IS NULL OR d.subscription_id = $3) RETURNING d.id`,
      [toArrayLiteral(leased.map(({ id }) => id)), toArrayLiteral(leased.map(({ token }) => token)), subscriptionId ?? null],
      'ledger-settle',
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** A failed attempt: it waits for the next one, or, without `retryInMs`, is dead. @returns whether it was still ours. */
  async fail({ id, token }: { readonly id: string; readonly token: string }, retryInMs: number | undefined, error: string): Promise<boolean> {
    const rows = await this.sql.execute(
      `UPDATE broker.deliveries SET status = CASE WHEN $3::float8 IS NULL THEN 'dead' ELSE 'waiting' END,
         next_attempt_at = now() + coalesce($3::float8, 0) * interval '1 millisecond', died_at = CASE WHEN $3::float8 IS NULL THEN now() END,
         last_error = $4, lease_token = NULL, lease_until = NULL, updated_at = now()
       WHERE id = $1 AND lease_token = $2 AND status = 'in_flight'`,
      [id, token, retryInMs ?? null, error],
      'ledger-fail',
    );
    return rows === 1;
  }

  /** Gives deliveries back as if they had not been taken; with a subscription only those of it. @returns the ids that were still ours. */
  async giveBack(leased: readonly { readonly id: string; readonly token: string }[], subscriptionId?: string): Promise<Set<string>> {
    if (leased.length === 0) return new Set();
    const rows = await this.sql.query<{ id: string }>(
      `UPDATE broker.deliveries d SET status = 'waiting', attempts = greatest(d.attempts - 1, 0), lease_token = NULL, lease_until = NULL, updated_at = now()
       FROM unnest($1::uuid[], $2::uuid[]) AS x(id, token) WHERE d.id = x.id AND d.lease_token = x.token AND d.status = 'in_flight' AND ($3::uuid IS NULL OR d.subscription_id = $3) RETURNING d.id`,
      [toArrayLiteral(leased.map(({ id }) => id)), toArrayLiteral(leased.map(({ token }) => token)), subscriptionId ?? null],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Renews leases; with a subscription only those of it. @returns those that are still ours, by id: how often each was redriven. */
  async keep(leased: readonly { readonly id: string; readonly token: string }[], leaseMs: number, subscriptionId?: string): Promise<Map<string, number>> {
    if (leased.length === 0) return new Map();
    const rows = await this.sql.query<{ id: string; redrives: number }>(
      `UPDATE broker.deliveries d SET lease_until = now() + $3 * interval '1 millisecond'
       FROM unnest($1::uuid[], $2::uuid[]) AS x(id, token) WHERE d.id = x.id AND d.lease_token = x.token AND d.status = 'in_flight' AND ($4::uuid IS NULL OR d.subscription_id = $4) RETURNING d.id, d.redrives`,
      [toArrayLiteral(leased.map(({ id }) => id)), toArrayLiteral(leased.map(({ token }) => token)), leaseMs, subscriptionId ?? null],
      'ledger-keep',
    );
    return new Map(rows.map(({ id, redrives }) => [id, redrives]));
  }

  /** Deliveries whose lease ran out. All replicas see them: who does something about one takes it over first. */
  async expired(limit: number): Promise<Expired[]> {
    const rows = await this.sql.query<ExpiredRow>(
      // a renewed lease leaves updated_at as it is
      `SELECT id, lease_token, subscription_id, attempts, redrives, message_id, partition_id, offset_value, updated_at,
         greatest(0, extract(epoch FROM lease_until - updated_at) * 1000)::float8 AS leased_ms
       FROM broker.deliveries WHERE status = 'in_flight' AND lease_until < now() LIMIT $1`,
      [limit],
      'ledger-expired',
    );
    return rows.map((row) => ({
      ...{ id: row.id, token: row.lease_token, subscriptionId: row.subscription_id, attempts: row.attempts, redrives: row.redrives },
      ...{ messageId: row.message_id, partition: row.partition_id, offset: Number(row.offset_value), takenAt: row.updated_at, leasedMs: row.leased_ms },
    }));
  }

  /** Makes a delivery whose lease ran out ours. @returns its new token; undefined where somebody else was first, or its consumer still settled it. */
  async takeOver({ id, token }: { readonly id: string; readonly token: string }, leaseMs: number): Promise<string | undefined> {
    const [row] = await this.sql.query<{ lease_token: string }>(
      `UPDATE broker.deliveries SET lease_token = gen_random_uuid(), lease_until = now() + $3 * interval '1 millisecond'
       WHERE id = $1 AND lease_token = $2 AND status = 'in_flight' AND lease_until < now() RETURNING lease_token`,
      [id, token, leaseMs],
      'ledger-take-over',
    );
    return row?.lease_token;
  }

  /** Active subscriptions that have something due. One probe of an index each. */
  async dueSubscriptions(): Promise<string[]> {
    const rows = await this.sql.query<{ id: string }>(
      `SELECT s.id FROM broker.message_subscriptions s WHERE s.status = 'active'
         AND EXISTS (SELECT FROM broker.deliveries d WHERE d.subscription_id = s.id AND d.status = 'waiting' AND d.next_attempt_at <= ${NOW})`,
      [],
      'due-subscriptions',
    );
    return rows.map(({ id }) => id);
  }

  async isDead(subscriptionId: string, partition: number, offset: number): Promise<boolean> {
    const rows = await this.sql.query(`SELECT FROM broker.deliveries WHERE subscription_id = $1 AND partition_id = $2 AND offset_value = $3 AND status = 'dead'`, [subscriptionId, partition, offset]);
    return rows.length === 1;
  }

  /** How many of a subscription's deliveries from the ledger are with somebody. */
  async inFlightCount(subscriptionId: string): Promise<number> {
    const [row] = await this.sql.query<{ count: string }>(
      `SELECT count(*) AS count FROM broker.deliveries WHERE subscription_id = $1 AND status = 'in_flight'`,
      [subscriptionId],
      'ledger-in-flight',
    );
    return Number(row?.count ?? 0);
  }

  /** Marks the record of a message that some subscription gave up; for people who look. */
  async markDead(message: Pick<BrokerMessage, 'topicId' | 'partition' | 'offset' | 'publishedAt'>, attempts: number): Promise<void> {
    await this.sql.execute(
      `UPDATE broker.message_records SET status = 'dead_letter', retry_count = $5 WHERE topic_id = $1 AND partition_id = $2 AND offset_value = $3 AND published_at = $4`,
      [message.topicId, message.partition, message.offset, message.publishedAt, attempts],
      'mark-dead',
    );
  }

  /** Forgets deliveries that ended an hour ago. @returns how many. */
  async forgetSettled(limit: number): Promise<number> {
    return this.sql.execute(
      `DELETE FROM broker.deliveries WHERE id IN (SELECT id FROM broker.deliveries WHERE status IN ('delivered', 'discarded') AND updated_at < now() - interval '1 hour' LIMIT $1)`,
      [limit],
    );
  }
}
