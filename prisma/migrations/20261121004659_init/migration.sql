-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "accounts";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "broker";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "email";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "tasks";

-- CreateEnum
CREATE TYPE "email"."email_delivery_status" AS ENUM ('claimed', 'sent', 'failed');

-- CreateTable
CREATE TABLE "accounts"."users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "email_key" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "accounts"."outbox_events" (
    "id" TEXT NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "stream_type" TEXT NOT NULL,
    "attributes" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "refused_at" TIMESTAMPTZ(3),
    "refused_reason" TEXT,

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."message_topics" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" VARCHAR(200) NOT NULL,
    "display_name" VARCHAR(200),
    "description" TEXT,
    "topic_type" VARCHAR(50) NOT NULL,
    "partition_count" INTEGER NOT NULL DEFAULT 1,
    "replication_factor" INTEGER NOT NULL DEFAULT 1,
    "retention_ms" BIGINT NOT NULL DEFAULT 604800000,
    "message_format" VARCHAR(50) NOT NULL DEFAULT 'json',
    "schema_definition" JSONB,
    "compression_type" VARCHAR(20) NOT NULL DEFAULT 'none',
    "tenant_id" UUID NOT NULL,
    "is_public" BOOLEAN NOT NULL DEFAULT false,
    "allowed_producers" JSONB NOT NULL DEFAULT '[]',
    "allowed_consumers" JSONB NOT NULL DEFAULT '[]',
    "status" VARCHAR(20) NOT NULL DEFAULT 'active',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "message_topics_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."message_subscriptions" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "topic_id" UUID NOT NULL,
    "consumer_group" VARCHAR(200) NOT NULL,
    "consumer_name" VARCHAR(200) NOT NULL,
    "subscription_type" VARCHAR(50) NOT NULL,
    "offset_reset_policy" VARCHAR(20) NOT NULL DEFAULT 'latest',
    "max_poll_records" INTEGER NOT NULL DEFAULT 500,
    "session_timeout_ms" INTEGER NOT NULL DEFAULT 30000,
    "heartbeat_interval_ms" INTEGER NOT NULL DEFAULT 3000,
    "handler_config" JSONB NOT NULL,
    "dead_letter_queue" VARCHAR(200),
    "max_retry_attempts" INTEGER NOT NULL DEFAULT 3,
    "retry_delay_ms" INTEGER NOT NULL DEFAULT 1000,
    "message_filter" JSONB,
    "status" VARCHAR(20) NOT NULL DEFAULT 'active',
    "tenant_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_consumed_at" TIMESTAMPTZ(3),

    CONSTRAINT "message_subscriptions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "broker"."message_records" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "topic_id" UUID NOT NULL,
    "message_key" VARCHAR(500),
    "message_id" VARCHAR(200) NOT NULL,
    "correlation_id" VARCHAR(200),
    "headers" JSONB NOT NULL DEFAULT '{}',
    "payload" JSONB,
    "payload_size" INTEGER,
    "content_type" VARCHAR(100) NOT NULL DEFAULT 'application/json',
    "partition_id" INTEGER,
    "offset_value" BIGINT,
    "status" VARCHAR(20) NOT NULL DEFAULT 'published',
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "scheduled_at" TIMESTAMPTZ(3),
    "consumed_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "producer_id" VARCHAR(200),
    "tenant_id" UUID NOT NULL,
    "trace_id" VARCHAR(100),

    CONSTRAINT "message_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
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
    "retry_count" INTEGER NOT NULL DEFAULT 0,
    "consumed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "processed_at" TIMESTAMPTZ(3),
    "next_retry_at" TIMESTAMPTZ(3),
    "tenant_id" UUID NOT NULL,

    CONSTRAINT "consumption_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email"."email_deliveries" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "status" "email"."email_delivery_status" NOT NULL DEFAULT 'claimed',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "accepted_count" INTEGER NOT NULL DEFAULT 0,
    "rejected_count" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "email_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email"."outbox_events" (
    "id" TEXT NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "stream_type" TEXT NOT NULL,
    "attributes" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "refused_at" TIMESTAMPTZ(3),
    "refused_reason" TEXT,

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tasks"."profiles" (
    "user_id" UUID NOT NULL,
    "username" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "bio" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "profiles_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "tasks"."audit_records" (
    "id" UUID NOT NULL,
    "event_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "correlation_id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_records_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tasks"."outbox_events" (
    "id" TEXT NOT NULL,
    "position" BIGSERIAL NOT NULL,
    "stream_type" TEXT NOT NULL,
    "attributes" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "refused_at" TIMESTAMPTZ(3),
    "refused_reason" TEXT,

    CONSTRAINT "outbox_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key_key" ON "accounts"."users"("email_key");

-- CreateIndex
CREATE UNIQUE INDEX "users_username_key" ON "accounts"."users"("username");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_position_key" ON "accounts"."outbox_events"("position");

-- CreateIndex
CREATE UNIQUE INDEX "message_topics_name_key" ON "broker"."message_topics"("name");

-- CreateIndex
CREATE UNIQUE INDEX "message_subscriptions_topic_id_consumer_group_consumer_name_key" ON "broker"."message_subscriptions"("topic_id", "consumer_group", "consumer_name");

-- CreateIndex
CREATE UNIQUE INDEX "message_records_message_id_key" ON "broker"."message_records"("message_id");

-- CreateIndex
CREATE UNIQUE INDEX "email_deliveries_tenant_idempotency_key_key" ON "email"."email_deliveries"("tenant", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_position_key" ON "email"."outbox_events"("position");

-- CreateIndex
CREATE UNIQUE INDEX "audit_records_event_id_key" ON "tasks"."audit_records"("event_id");

-- CreateIndex
CREATE INDEX "audit_records_subject_recorded_at_idx" ON "tasks"."audit_records"("subject", "recorded_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_position_key" ON "tasks"."outbox_events"("position");

-- AddForeignKey
ALTER TABLE "broker"."message_subscriptions" ADD CONSTRAINT "message_subscriptions_topic_id_fkey" FOREIGN KEY ("topic_id") REFERENCES "broker"."message_topics"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."message_records" ADD CONSTRAINT "message_records_topic_id_fkey" FOREIGN KEY ("topic_id") REFERENCES "broker"."message_topics"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "broker"."consumption_records" ADD CONSTRAINT "consumption_records_subscription_id_fkey" FOREIGN KEY ("subscription_id") REFERENCES "broker"."message_subscriptions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
