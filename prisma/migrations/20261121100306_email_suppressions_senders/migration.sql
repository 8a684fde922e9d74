-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "email"."email_delivery_status" ADD VALUE 'unknown';
ALTER TYPE "email"."email_delivery_status" ADD VALUE 'suppressed';

-- AlterTable
ALTER TABLE "email"."email_deliveries" ADD COLUMN     "category" TEXT,
ADD COLUMN     "recipients" JSONB;

-- CreateTable
CREATE TABLE "email"."suppressions" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "address_key" TEXT NOT NULL,
    "category" TEXT NOT NULL DEFAULT '',
    "reason" TEXT NOT NULL,
    "delivery_id" UUID,
    "expires_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "suppressions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email"."senders" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "from_mailbox" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "smtp_url" TEXT NOT NULL,
    "dkim_domain" TEXT,
    "dkim_selector" TEXT,
    "dkim_private_key" TEXT,
    "rate_per_second" INTEGER,
    "is_default" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "senders_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "suppressions_tenant_id_idx" ON "email"."suppressions"("tenant", "id");

-- CreateIndex
CREATE UNIQUE INDEX "suppressions_tenant_address_key_category_key" ON "email"."suppressions"("tenant", "address_key", "category");

-- CreateIndex
CREATE INDEX "senders_domain_idx" ON "email"."senders"("domain");

-- CreateIndex
CREATE UNIQUE INDEX "senders_tenant_name_key" ON "email"."senders"("tenant", "name");
