-- AlterTable
ALTER TABLE "auth"."service_tokens" ADD COLUMN     "revoked_at" TIMESTAMPTZ(3);
