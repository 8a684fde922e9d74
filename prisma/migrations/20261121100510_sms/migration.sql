-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "sms";

-- CreateEnum
CREATE TYPE "sms"."sms_delivery_status" AS ENUM ('claimed', 'sending', 'unknown', 'sent', 'delivered', 'undelivered', 'failed');

-- CreateEnum
CREATE TYPE "sms"."verification_status" AS ENUM ('pending', 'approved', 'expired', 'canceled', 'max_attempts');

-- CreateTable
CREATE TABLE "sms"."sms_deliveries" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "phone_sealed" TEXT NOT NULL,
    "phone_last4" TEXT NOT NULL,
    "country" TEXT NOT NULL,
    "status" "sms"."sms_delivery_status" NOT NULL DEFAULT 'claimed',
    "provider" TEXT,
    "provider_message_id" TEXT,
    "segments" INTEGER,
    "price" DOUBLE PRECISION,
    "currency" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "sends" INTEGER NOT NULL DEFAULT 0,
    "refused_by" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "asks" INTEGER NOT NULL DEFAULT 0,
    "last_code" TEXT,
    "last_error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sending_at" TIMESTAMPTZ(3),
    "sent_at" TIMESTAMPTZ(3),
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "sms_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sms"."sms_templates" (
    "tenant" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "variables" TEXT[],
    "text" TEXT,
    "providers" JSONB NOT NULL DEFAULT '{}',
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sms_templates_pkey" PRIMARY KEY ("tenant","key")
);

-- CreateTable
CREATE TABLE "sms"."verifications" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "phone_hash" TEXT NOT NULL,
    "code_hash" TEXT NOT NULL,
    "code_sealed" TEXT,
    "status" "sms"."verification_status" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "sends" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "resend_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "verifications_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sms"."outbox_events" (
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
CREATE INDEX "sms_deliveries_provider_provider_message_id_idx" ON "sms"."sms_deliveries"("provider", "provider_message_id");

-- CreateIndex
CREATE UNIQUE INDEX "sms_deliveries_tenant_idempotency_key_position_key" ON "sms"."sms_deliveries"("tenant", "idempotency_key", "position");

-- CreateIndex
CREATE INDEX "verifications_tenant_phone_hash_purpose_created_at_idx" ON "sms"."verifications"("tenant", "phone_hash", "purpose", "created_at");

-- CreateIndex
CREATE INDEX "verifications_status_expires_at_idx" ON "sms"."verifications"("status", "expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "outbox_events_position_key" ON "sms"."outbox_events"("position");
