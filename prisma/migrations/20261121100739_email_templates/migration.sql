-- CreateTable
CREATE TABLE "email"."templates" (
    "id" UUID NOT NULL,
    "tenant" TEXT NOT NULL,
    "key" VARCHAR(100) NOT NULL,
    "description" VARCHAR(500),
    "current_version" INTEGER NOT NULL,
    "latest_version" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "templates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "email"."template_versions" (
    "id" UUID NOT NULL,
    "template_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "default_locale" VARCHAR(35) NOT NULL,
    "variables" JSONB,
    "contents" JSONB NOT NULL,
    "shipped_digest" VARCHAR(64),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "template_versions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "templates_tenant_key_key" ON "email"."templates"("tenant", "key");

-- CreateIndex
CREATE UNIQUE INDEX "template_versions_template_id_version_key" ON "email"."template_versions"("template_id", "version");

-- AddForeignKey
ALTER TABLE "email"."template_versions" ADD CONSTRAINT "template_versions_template_id_fkey" FOREIGN KEY ("template_id") REFERENCES "email"."templates"("id") ON DELETE CASCADE ON UPDATE CASCADE;
