import { MAX_COUNTED } from '@angarium/contracts/broker-api';
import type { SqlRunner } from '@angarium/database';
import { LANE_LIMIT, type Lane } from './stream-lanes.js';

/** How a subscription stands, as far as Postgres knows. */
export interface ConsumerFigures {
  readonly id: string;
  readonly tenantId: string;
  readonly topicId: string;
  readonly topic: string;
  readonly group: string;
  readonly name: string;
  readonly destination: string;
  readonly status: string;
  readonly breaker: string;
  /** Messages after its cursors, and what feeds have not turned into deliveries yet. */
  readonly behind: number;
  /** Rows of the ledger; each counted up to a limit. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
  /** When the oldest row that is not settled was published, or a replay that is not through was asked for; in ms since 1970. */
  readonly oldestRowAt: number | null;
  /** Partitions in which it lies behind. */
  readonly lanes: readonly Lane[];
}

interface Row {
  readonly id: string;
  readonly tenant_id: string;
  readonly topic_id: string;
  readonly topic: string;
  readonly consumer_group: string;
  readonly consumer_name: string;
  readonly subscription_type: string;
  readonly status: string;
  readonly breaker_state: string;
  readonly behind: string;
  readonly waiting: number;
  readonly in_flight: number;
  readonly dead: number;
  readonly oldest_row_at: Date | null;
  readonly lanes: readonly { readonly partition: number; readonly settled: number; readonly behind: number }[];
}

/** Rows of the ledger that are looked at for the oldest: those due first and, with the longest pauses behind them, those due last. */
const OLDEST_AMONG = 100;
/** Subscriptions of one page of topics that are looked at. */
const SUBSCRIPTIONS_PER_LOOK = 2_000;
/** The sampler looks at every subscription that owes something, so it counts less of each. */
const SAMPLED_COUNT = 1_000;

/**
 * Where subscriptions `s` stand in their partitions: arithmetic on offsets, without a look at any message.
 * An ordered subscription follows the log by its feed; the others by their cursor. A partition without cursor was never read.
 */
const POSITIONS = `
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.behind), 0) AS behind,
      coalesce(json_agg(json_build_object('partition', l.partition_id, 'settled', l.settled, 'behind', l.behind) ORDER BY l.partition_id) FILTER (WHERE l.behind > 0), '[]') AS lanes
    FROM (
      SELECT p.partition_id, at.settled, p.next_offset - 1 - at.settled AS behind
      FROM broker.topic_partitions p
      LEFT JOIN broker.subscription_cursors c ON c.subscription_id = s.id AND c.partition_id = p.partition_id
      LEFT JOIN broker.delivery_feeds f ON f.subscription_id = s.id AND f.partition_id = p.partition_id AND f.kind = 'order'
      CROSS JOIN LATERAL (SELECT greatest(p.first_offset - 1, least(p.next_offset - 1, coalesce(f.next_offset - 1, c.settled_offset, 0))) AS settled) at
      WHERE p.topic_id = s.topic_id
    ) l
  ) positions
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(f.until_offset - f.next_offset + 1), 0) AS owed, min(f.created_at) AS since FROM broker.delivery_feeds f
    WHERE f.subscription_id = s.id AND f.kind <> 'order' AND f.until_offset >= f.next_offset
  ) feeds`;

/** How the partial index of each status is sorted. */
const orderOf = { waiting: 'd.next_attempt_at', in_flight: 'd.lease_until', dead: 'd.died_at' } as const;

/**
 * Counts by the partial index of each status, and stops at the limit. The order is what keeps Postgres to the index: without it, where a few
 * subscriptions have most of the rows, it expects to find as many of any other soon, and reads the whole table for each that has none.
 */
const countRows = (status: keyof typeof orderOf, limit: number, as: string) => `
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count FROM (
      SELECT 1 FROM broker.deliveries d WHERE d.subscription_id = s.id AND d.status = '${status}' ORDER BY ${orderOf[status]} LIMIT ${limit}
    ) counted
  ) ${as}`;

const rowsBy = (status: keyof typeof orderOf, order: string = orderOf[status]) =>
  `(SELECT d.published_at FROM broker.deliveries d WHERE d.subscription_id = s.id AND d.status = '${status}' ORDER BY ${order} LIMIT ${OLDEST_AMONG})`;
const OLDEST = `
  CROSS JOIN LATERAL (
    SELECT min(o.published_at) AS published_at FROM (
      ${rowsBy('waiting')} UNION ALL ${rowsBy('waiting', `${orderOf.waiting} DESC`)} UNION ALL ${rowsBy('in_flight')}
    ) o
  ) oldest`;

const COLUMNS = `s.id, s.tenant_id, s.topic_id, t.name AS topic, s.consumer_group, s.consumer_name, s.subscription_type, s.status, s.breaker_state,
  positions.behind + feeds.owed AS behind, positions.lanes, waiting.count AS waiting, in_flight.count AS in_flight, dead.count AS dead, least(oldest.published_at, feeds.since) AS oldest_row_at`;
const figuresOf = (subscriptions: string, limit: number) => `
  SELECT ${COLUMNS} FROM (${subscriptions}) chosen
  JOIN broker.message_subscriptions s ON s.id = chosen.id JOIN broker.message_topics t ON t.id = s.topic_id
  ${POSITIONS} ${countRows('waiting', limit, 'waiting')} ${countRows('in_flight', limit, 'in_flight')} ${countRows('dead', limit, 'dead')} ${OLDEST}`;

const PAGE = `${figuresOf(
  `SELECT s.id FROM broker.message_subscriptions s JOIN broker.message_topics t ON t.id = s.topic_id
   WHERE s.tenant_id = $1 AND (t.name COLLATE "C", s.id) > ($2, $3::uuid) AND ($4::text IS NULL OR t.name = $4) ORDER BY t.name COLLATE "C", s.id LIMIT $5`,
  MAX_COUNTED,
)} ORDER BY t.name COLLATE "C", s.id`;
const OF_TOPICS = figuresOf(`SELECT s.id FROM broker.message_subscriptions s WHERE s.topic_id = ANY($1::uuid[]) ORDER BY s.id LIMIT ${SUBSCRIPTIONS_PER_LOOK}`, MAX_COUNTED);
const SLOWEST = `${figuresOf(
  `SELECT s.id FROM broker.message_subscriptions s ${POSITIONS} ${countRows('waiting', SAMPLED_COUNT, 'waiting')}
   WHERE positions.behind + feeds.owed + waiting.count > 0 ORDER BY positions.behind + feeds.owed + waiting.count DESC, s.id LIMIT $1`,
  SAMPLED_COUNT,
)} ORDER BY positions.behind + feeds.owed + waiting.count DESC, s.id`;

const OWED = `
  WITH stand AS (
    SELECT s.id, s.topic_id, positions.behind + feeds.owed AS behind, positions.lanes, waiting.count + in_flight.count AS rows
    FROM broker.message_subscriptions s ${POSITIONS} ${countRows('waiting', MAX_COUNTED, 'waiting')} ${countRows('in_flight', MAX_COUNTED, 'in_flight')}
    WHERE $1::uuid IS NULL OR s.tenant_id = $1
  )
  SELECT coalesce(sum(behind), 0) AS behind, coalesce(sum(rows), 0) AS rows, (
    SELECT coalesce(json_agg(json_build_object('subscriptionId', l.id, 'topicId', l.topic_id, 'partition', l.partition, 'settledOffset', l.settled, 'behind', l.behind)), '[]')
    FROM (
      SELECT stand.id, stand.topic_id, lane.* FROM stand CROSS JOIN LATERAL json_to_recordset(stand.lanes) AS lane(partition int, settled bigint, behind bigint)
      ORDER BY lane.behind DESC LIMIT ${LANE_LIMIT}
    ) l
  ) AS lanes FROM stand`;

const BEGINNING = ['', '00000000-0000-0000-0000-000000000000'] as const;

/** Subscriptions of a tenant by the names of their topics and their ids, those after `after`. */
export async function readConsumers(
  runner: SqlRunner,
  { tenantId, topic, after, limit }: { readonly tenantId: string; readonly topic?: string | undefined; readonly after?: readonly [topic: string, id: string] | undefined; readonly limit: number },
): Promise<ConsumerFigures[]> {
  return (await runner.query<Row>(PAGE, [tenantId, ...(after ?? BEGINNING), topic ?? null, limit])).map(toFigures);
}

/** Subscriptions of all tenants to some topics; at most 2 000. */
export async function readConsumersOf(runner: SqlRunner, topicIds: readonly string[]): Promise<ConsumerFigures[]> {
  return topicIds.length === 0 ? [] : (await runner.query<Row>(OF_TOPICS, [topicIds])).map(toFigures);
}

/** The subscriptions that owe the most, of all tenants, the slowest first. Rows of the ledger are counted up to 1 000 each. */
export async function readSlowest(runner: SqlRunner, limit: number): Promise<ConsumerFigures[]> {
  return (await runner.query<Row>(SLOWEST, [limit], 'slowest-subscriptions')).map(toFigures);
}

/**
 * What the subscriptions of a tenant (null: of all) owe together, and the partitions in which they lie behind most.
 * @returns `rows`: those of the ledger that are waiting or in flight, counted up to a limit per subscription.
 */
export async function readOwed(runner: SqlRunner, tenantId: string | null): Promise<{ readonly behind: number; readonly rows: number; readonly lanes: readonly Lane[] }> {
  const [row] = await runner.query<{ behind: string; rows: string; lanes: Lane[] }>(OWED, [tenantId]);
  return { behind: Number(row?.behind ?? 0), rows: Number(row?.rows ?? 0), lanes: row?.lanes ?? [] };
}

/** Deliveries that a subscription still owes, wherever they are. */
export function lagOf({ behind, waiting, inFlight }: Pick<ConsumerFigures, 'behind' | 'waiting' | 'inFlight'>): number {
  return behind + waiting + inFlight;
}

function toFigures(row: Row): ConsumerFigures {
  const { id, tenant_id: tenantId, topic_id: topicId, topic, status, waiting, dead } = row;
  const lanes = row.lanes.map(({ partition, settled, behind }) => ({ subscriptionId: id, topicId, partition, settledOffset: settled, behind }));
  return {
    ...{ id, tenantId, topicId, topic, status, waiting, dead, lanes },
    group: row.consumer_group,
    name: row.consumer_name,
    destination: row.subscription_type,
    breaker: row.breaker_state,
    behind: Number(row.behind),
    inFlight: row.in_flight,
    oldestRowAt: row.oldest_row_at?.getTime() ?? null,
  };
}
