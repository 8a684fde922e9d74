-- CreateTable
CREATE TABLE "accounts"."stored_files" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "filename" VARCHAR(255) NOT NULL,
    "content_type" VARCHAR(100) NOT NULL,
    "size" INTEGER NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "content" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "stored_files_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "stored_files_tenant_idx" ON "accounts"."stored_files"("tenant");

-- CreateIndex
CREATE INDEX "stored_files_expires_at_idx" ON "accounts"."stored_files"("expires_at");
