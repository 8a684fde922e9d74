-- AlterTable
ALTER TABLE "sms"."sms_deliveries" ADD COLUMN     "last_attempt" INTEGER,
ADD COLUMN     "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- What Prisma's schema cannot say.

-- SMS whose outcome nobody knows: few at a time, of many
CREATE INDEX "sms_deliveries_quiet_idx" ON "sms"."sms_deliveries"("updated_at") WHERE status IN ('sending', 'unknown') AND closed_at IS NULL;
