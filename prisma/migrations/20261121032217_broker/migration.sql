-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "auth";

-- The two logs were made before anything wrote to them; they are made anew, partitioned by day.
DROP TABLE "broker"."consumption_records";
DROP TABLE "broker"."message_records";

CREATE TABLE "broker"."message_records" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "topic_id" UUID NOT NULL,
    "message_key" VARCHAR(500),
    "message_id" VARCHAR(200) NOT NULL,
    "correlation_id" VARCHAR(200),
    "message_type" VARCHAR(200) NOT NULL,
    "headers" JSON NOT NULL DEFAULT '{}',
    "payload" JSON,
    "payload_size" INTEGER,
    "content_type" VARCHAR(100) NOT NULL DEFAULT 'application/json',
    "partition_id" INTEGER NOT NULL,
    "offset_value" BIGINT NOT NULL,
    "status" VARCHAR(20) NOT NULL DEFAULT 'published',
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "scheduled_at" TIMESTAMPTZ(3),
    "consumed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "producer_id" VARCHAR(200),
    "tenant_id" UUID NOT NULL,
    "trace_id" VARCHAR(100),

    CONSTRAINT "message_records_pkey" PRIMARY KEY ("topic_id", "partition_id", "offset_value", "published_at")
) PARTITION BY RANGE ("published_at");

CREATE TABLE "broker"."consumption_records" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subscription_id" UUID NOT NULL,
    "message_id" VARCHAR(200) NOT NULL,
    "consumer_instance" VARCHAR(200) NOT NULL,
    "partition_id" INTEGER,
    "offset_value" BIGINT,
    "status" VARCHAR(20) NOT NULL,
    "processing_time_ms" INTEGER,
    "error_message" TEXT,
    "response_status" INTEGER,
    "response_head" TEXT,
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "consumed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "processed_at" TIMESTAMPTZ(3),
    "next_retry_at" TIMESTAMPTZ(3),
    "tenant_id" UUID NOT NULL,

    CONSTRAINT "consumption_records_pkey" PRIMARY KEY ("subscription_id", "consumed_at", "id")
) PARTITION BY RANGE ("consumed_at");

-- DropIndex
DROP INDEX "broker"."message_subscriptions_topic_id_consumer_group_consumer_name_key";

-- DropIndex
DROP INDEX "broker"."message_topics_name_key";

-- AlterTable
ALTER TABLE "broker"."message_subscriptions" ADD COLUMN     "breaker_state" VARCHAR(20) NOT NULL DEFAULT 'closed',
ADD COLUMN     "breaker_trips" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "breaker_until" TIMESTAMPTZ(3),
ADD COLUMN     "disabled_at" TIMESTAMPTZ(3),
ADD COLUMN     "disabled_reason" VARCHAR(200),
ADD COLUMN     "disabled_told_at" TIMESTAMPTZ(3),
ADD COLUMN     "failing_since" TIMESTAMPTZ(3),
ADD COLUMN     "is_ordered" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "max_in_flight" INTEGER NOT NULL DEFAULT 100,
ADD COLUMN     "retry_policy" JSONB NOT NULL,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1,
ALTER COLUMN "handler_config" SET DEFAULT '{}';

-- AlterTable
ALTER TABLE "broker"."message_topics" ADD COLUMN     "dedup_window_ms" BIGINT NOT NULL DEFAULT 300000,
ADD COLUMN     "durability" VARCHAR(20) NOT NULL DEFAULT 'commit',
ADD COLUMN     "max_queue_length" BIGINT,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1,
ALTER COLUMN "topic_type" SET DEFAULT 'redis_stream';

-- CreateTable
CREATE TABLE "auth"."tenants" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" VARCHAR(100) NOT NULL,
    "publish_rate" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."api_keys" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "key_hash" CHAR(64) NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "auth"."service_tokens" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "service" VARCHAR(100) NOT NULL,
    "token_hash" CHAR(64) NOT NULL,
    "permissions" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "service_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."topic_partitions" (
    "topic_id" UUID NOT NULL,
    "partition_id" INTEGER NOT NULL,
    "next_offset" BIGINT NOT NULL DEFAULT 1,
    "first_offset" BIGINT NOT NULL DEFAULT 1,
    "stream_lives" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "topic_partitions_pkey" PRIMARY KEY ("topic_id","partition_id")
);

-- CreateTable
CREATE TABLE "broker"."subscription_cursors" (
    "subscription_id" UUID NOT NULL,
    "partition_id" INTEGER NOT NULL,
    "settled_offset" BIGINT NOT NULL,

    CONSTRAINT "subscription_cursors_pkey" PRIMARY KEY ("subscription_id","partition_id")
);

-- CreateTable
CREATE TABLE "broker"."webhook_secrets" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subscription_id" UUID NOT NULL,
    "scheme" VARCHAR(10) NOT NULL,
    "sealed" TEXT NOT NULL,
    "public_key" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_secrets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."message_dedup" (
    "topic_id" UUID NOT NULL,
    "message_id" VARCHAR(200) NOT NULL,
    "partition_id" INTEGER NOT NULL DEFAULT 0,
    "offset_value" BIGINT NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "message_dedup_pkey" PRIMARY KEY ("topic_id","message_id")
);

-- CreateTable
CREATE TABLE "broker"."deliveries" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subscription_id" UUID NOT NULL,
    "topic_id" UUID NOT NULL,
    "partition_id" INTEGER NOT NULL,
    "offset_value" BIGINT NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL,
    "message_id" VARCHAR(200) NOT NULL,
    "message_key" VARCHAR(500),
    "tenant_id" UUID NOT NULL,
    "status" VARCHAR(20) NOT NULL DEFAULT 'waiting',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "redrives" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_token" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "died_at" TIMESTAMPTZ(3),

    CONSTRAINT "deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."delivery_feeds" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "subscription_id" UUID NOT NULL,
    "partition_id" INTEGER NOT NULL,
    "kind" VARCHAR(20) NOT NULL,
    "next_offset" BIGINT NOT NULL,
    "until_offset" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "delivery_feeds_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."scheduled_messages" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "topic_id" UUID NOT NULL,
    "kind" VARCHAR(20) NOT NULL,
    "status" VARCHAR(20) NOT NULL DEFAULT 'waiting',
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "cron" VARCHAR(200),
    "time_zone" VARCHAR(100),
    "message_key" VARCHAR(500),
    "partition_id" INTEGER,
    "message_id" VARCHAR(200),
    "message_type" VARCHAR(200) NOT NULL,
    "correlation_id" VARCHAR(200),
    "headers" JSON NOT NULL DEFAULT '{}',
    "payload" JSON NOT NULL,
    "expires_in_ms" BIGINT,
    "producer_id" VARCHAR(200),
    "published_count" INTEGER NOT NULL DEFAULT 0,
    "last_message_id" VARCHAR(200),
    "last_error" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "scheduled_messages_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."idempotency_keys" (
    "tenant_id" UUID NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "route" VARCHAR(200) NOT NULL,
    "body_hash" CHAR(64) NOT NULL,
    "status_code" INTEGER,
    "answer" TEXT,
    "lease_token" UUID NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("tenant_id","key")
);

-- CreateTable
CREATE TABLE "broker"."audit_entries" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "tenant_id" UUID NOT NULL,
    "actor" VARCHAR(200) NOT NULL,
    "action" VARCHAR(100) NOT NULL,
    "resource" VARCHAR(300) NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "tenants_name_key" ON "auth"."tenants"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "auth"."api_keys"("key_hash");

-- CreateIndex
CREATE INDEX "api_keys_tenant_id_idx" ON "auth"."api_keys"("tenant_id");

-- CreateIndex
CREATE UNIQUE INDEX "service_tokens_token_hash_key" ON "auth"."service_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "service_tokens_service_idx" ON "auth"."service_tokens"("service");

-- CreateIndex
CREATE INDEX "webhook_secrets_subscription_id_idx" ON "broker"."webhook_secrets"("subscription_id");

-- CreateIndex
CREATE INDEX "message_dedup_expires_at_idx" ON "broker"."message_dedup"("expires_at");

-- CreateIndex
CREATE INDEX "deliveries_message_id_idx" ON "broker"."deliveries"("message_id");

-- CreateIndex
CREATE UNIQUE INDEX "deliveries_subscription_id_partition_id_offset_value_key" ON "broker"."deliveries"("subscription_id", "partition_id", "offset_value");

-- CreateIndex
CREATE INDEX "delivery_feeds_subscription_id_idx" ON "broker"."delivery_feeds"("subscription_id");

-- CreateIndex
CREATE INDEX "scheduled_messages_tenant_id_id_idx" ON "broker"."scheduled_messages"("tenant_id", "id");

-- CreateIndex
CREATE INDEX "idempotency_keys_expires_at_idx" ON "broker"."idempotency_keys"("expires_at");

-- CreateIndex
CREATE INDEX "audit_entries_tenant_id_recorded_at_idx" ON "broker"."audit_entries"("tenant_id", "recorded_at" DESC);

-- CreateIndex
CREATE INDEX "consumption_records_message_id_idx" ON "broker"."consumption_records"("message_id");

-- CreateIndex
CREATE INDEX "message_records_message_id_idx" ON "broker"."message_records"("message_id");

-- CreateIndex
CREATE INDEX "message_subscriptions_tenant_id_idx" ON "broker"."message_subscriptions"("tenant_id");

-- CreateIndex
CREATE UNIQUE INDEX "message_subscriptions_topic_id_tenant_id_consumer_group_con_key" ON "broker"."message_subscriptions"("topic_id", "tenant_id", "consumer_group", "consumer_name");

-- CreateIndex
CREATE UNIQUE INDEX "message_topics_tenant_id_name_key" ON "broker"."message_topics"("tenant_id", "name");

-- AddForeignKey
ALTER TABLE "auth"."api_keys" ADD CONSTRAINT "api_keys_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "auth"."tenants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."topic_partitions" ADD CONSTRAINT "topic_partitions_topic_id_fkey" FOREIGN KEY ("topic_id") REFERENCES "broker"."message_topics"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."subscription_cursors" ADD CONSTRAINT "subscription_cursors_subscription_id_fkey" FOREIGN KEY ("subscription_id") REFERENCES "broker"."message_subscriptions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."webhook_secrets" ADD CONSTRAINT "webhook_secrets_subscription_id_fkey" FOREIGN KEY ("subscription_id") REFERENCES "broker"."message_subscriptions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."delivery_feeds" ADD CONSTRAINT "delivery_feeds_subscription_id_fkey" FOREIGN KEY ("subscription_id") REFERENCES "broker"."message_subscriptions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot say.

-- Rows that are changed with every batch: room for the new version on the same page, so that no index is touched.
ALTER TABLE "broker"."topic_partitions" SET (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE "broker"."subscription_cursors" SET (fillfactor = 50);
ALTER TABLE "broker"."deliveries" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX "deliveries_due_idx" ON "broker"."deliveries"("subscription_id", "next_attempt_at") WHERE status = 'waiting';
CREATE INDEX "deliveries_in_flight_idx" ON "broker"."deliveries"("subscription_id", "lease_until") WHERE status = 'in_flight';
-- whether something older of the same key is still owed
CREATE INDEX "deliveries_order_idx" ON "broker"."deliveries"("subscription_id", "message_key", "partition_id", "offset_value")
    WHERE status IN ('waiting', 'in_flight');
CREATE INDEX "deliveries_dead_idx" ON "broker"."deliveries"("subscription_id", "died_at", "id") WHERE status = 'dead';
CREATE INDEX "deliveries_settled_idx" ON "broker"."deliveries"("updated_at") WHERE status IN ('delivered', 'discarded');
CREATE INDEX "scheduled_messages_due_idx" ON "broker"."scheduled_messages"("due_at") WHERE status = 'waiting';
CREATE INDEX "scheduled_messages_ended_idx" ON "broker"."scheduled_messages"("updated_at") WHERE status IN ('published', 'cancelled', 'failed');

-- The logs' tables of one day (UTC). Idempotent; two replicas may call it at once.
CREATE FUNCTION "broker"."ensure_day"(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  log text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('broker.ensure_day'));
  FOREACH log IN ARRAY ARRAY['message_records', 'consumption_records'] LOOP
    EXECUTE format('CREATE TABLE IF NOT EXISTS broker.%I PARTITION OF broker.%I FOR VALUES FROM (%L) TO (%L)',
      log || '_' || to_char(day, 'YYYYMMDD'), log, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
  END LOOP;
END $$;

-- Commits a batch of messages: numbers them, partition by partition, and stores them, or recognises those that were published before.
-- Locks the partitions in sorted order and the message ids in sorted order after them, so two batches never wait for each other in a ring.
-- An element's dedup_ms is null where its publisher gave no message id. The caller leaves out what repeats an id within the batch.
-- RETURNS one row for each partition that got something: its messages have the offsets from offset_value on, in the order of the input;
--         one row with its ordinal for each message that was published before: offset and time are those of the first.
--         A message whose partition has no row, and that has none itself, was not stored: there is no such partition any more.
CREATE FUNCTION "broker"."commit_messages"(
  topics uuid[], partitions int[], ids uuid[], message_ids text[], dedup_ms bigint[], keys text[], types text[], correlations text[],
  headers text[], payloads text[], sizes int[], content_types text[], scheduled timestamptz[], expires timestamptz[],
  producers text[], tenants uuid[], traces text[]
) RETURNS TABLE (ordinal bigint, topic_id uuid, partition_id int, offset_value bigint, published_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  at timestamptz;
  known bigint[] := '{}';
BEGIN
  PERFORM 1 FROM broker.topic_partitions tp
    WHERE (tp.topic_id, tp.partition_id) IN (SELECT x.t, x.p FROM unnest(topics, partitions) AS x(t, p))
    ORDER BY tp.topic_id, tp.partition_id FOR UPDATE;
  -- read after the locks are had, so that within a partition time does not run against the offsets
  at := date_trunc('milliseconds', clock_timestamp());

  IF array_remove(dedup_ms, NULL) <> '{}' THEN
    INSERT INTO broker.message_dedup AS d (topic_id, message_id, published_at, expires_at)
      SELECT x.t, x.m, at, at + x.w * interval '1 millisecond'
      FROM unnest(topics, message_ids, dedup_ms) AS x(t, m, w) JOIN broker.message_topics mt ON mt.id = x.t
      WHERE x.w IS NOT NULL ORDER BY x.t, x.m
      -- offset 0 marks what this very transaction has put there
      ON CONFLICT (topic_id, message_id) DO UPDATE
        SET partition_id = 0, offset_value = 0, published_at = excluded.published_at, expires_at = excluded.expires_at
        WHERE d.expires_at <= excluded.published_at;
    RETURN QUERY
      SELECT x.ord, d.topic_id, d.partition_id, d.offset_value, d.published_at
      FROM unnest(topics, message_ids, dedup_ms) WITH ORDINALITY AS x(t, m, w, ord)
        JOIN broker.message_dedup d ON d.topic_id = x.t AND d.message_id = x.m
      WHERE x.w IS NOT NULL AND d.offset_value > 0;
    known := ARRAY(
      SELECT x.ord FROM unnest(topics, message_ids, dedup_ms) WITH ORDINALITY AS x(t, m, w, ord)
        JOIN broker.message_dedup d ON d.topic_id = x.t AND d.message_id = x.m
      WHERE x.w IS NOT NULL AND d.offset_value > 0);
  END IF;

  RETURN QUERY
  WITH fresh AS (
    SELECT x.*, row_number() OVER (PARTITION BY x.topic, x.part ORDER BY x.ord) AS nth
    FROM unnest(topics, partitions, ids, message_ids, dedup_ms, keys, types, correlations, headers, payloads, sizes, content_types,
      scheduled, expires, producers, tenants, traces)
      WITH ORDINALITY AS x(topic, part, id, message, dedup, key, type, correlation, header, payload, size, content, scheduled_for, expiry, producer, tenant, trace, ord)
    WHERE known = '{}' OR x.ord <> ALL (known)
  ), moved AS (
    UPDATE broker.topic_partitions tp SET next_offset = tp.next_offset + c.n
    FROM (SELECT f.topic, f.part, count(*) AS n FROM fresh f GROUP BY f.topic, f.part) c
    WHERE tp.topic_id = c.topic AND tp.partition_id = c.part
    RETURNING tp.topic_id AS topic, tp.partition_id AS part, tp.next_offset - c.n - 1 AS base
  ), stored AS (
    INSERT INTO broker.message_records (id, topic_id, message_key, message_id, correlation_id, message_type, headers, payload, payload_size, content_type,
      partition_id, offset_value, published_at, scheduled_at, expires_at, producer_id, tenant_id, trace_id)
    SELECT f.id, f.topic, f.key, f.message, f.correlation, f.type, f.header::json, f.payload::json, f.size, f.content,
      f.part, m.base + f.nth, at, f.scheduled_for, f.expiry, f.producer, f.tenant, f.trace
    FROM fresh f JOIN moved m ON m.topic = f.topic AND m.part = f.part
  ), remembered AS (
    UPDATE broker.message_dedup d SET partition_id = f.part, offset_value = m.base + f.nth
    FROM fresh f JOIN moved m ON m.topic = f.topic AND m.part = f.part
    WHERE f.dedup IS NOT NULL AND d.topic_id = f.topic AND d.message_id = f.message
  )
  SELECT NULL::bigint, m.topic, m.part, m.base + 1, at FROM moved m;
END $$;

-- This system itself, whose contract events are topics (see libs/contracts, SYSTEM_TENANT).
INSERT INTO "auth"."tenants" ("id", "name") VALUES ('00000000-0000-0000-0000-000000000001', 'system');
