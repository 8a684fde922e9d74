import { SYSTEM_TENANT, type TemplateSettings } from '@angarium/contracts';
import { InjectDatabase, isUniqueViolation, type Database, type Transaction } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { EmailErrors } from '../errors.js';
import type { StoredContent, StoredVersion } from './template-version.js';

/** So many are kept; the oldest go. */
const MAX_VERSIONS = 200;

export interface StoredTemplate {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly description: string | null;
  readonly currentVersion: number;
  readonly latestVersion: number;
  readonly revision: number;
  readonly updatedAt: Date;
}

export interface VersionRow extends StoredVersion {
  readonly version: number;
  readonly shippedDigest: string | null;
  readonly createdAt: Date;
}

export interface NewVersion {
  readonly description: string | null;
  readonly content: StoredVersion;
  readonly shippedDigest?: string;
}

interface ListedRow extends StoredTemplate {
  readonly defaultLocale: string;
  readonly locales: string[];
}

@Injectable()
export class TemplateRepository {
  constructor(@InjectDatabase() private readonly db: Database<'email'>) {}

  /** The tenant's template, else that of the system. */
  async find(tenant: string, key: string): Promise<StoredTemplate | undefined> {
    const rows = await this.db.emailTemplate.findMany({ where: { key, tenant: { in: [tenant, SYSTEM_TENANT] } } });
    return rows.find((it) => it.tenant === tenant) ?? rows[0];
  }

  async findVersion(templateId: string, version: number): Promise<VersionRow | undefined> {
    const row = await this.db.emailTemplateVersion.findUnique({ where: { templateId_version: { templateId, version } } });
    return row === null ? undefined : { ...row, variables: row.variables as TemplateSettings['variables'], contents: row.contents as unknown as Record<string, StoredContent> };
  }

  /** Those that the tenant's mails can name, by key, with the locales of their current version. */
  list(tenant: string, limit: number, after: string): Promise<ListedRow[]> {
    return this.db.$queryRaw<ListedRow[]>`
      SELECT DISTINCT ON (t.key COLLATE "C") t.id::text AS id, t.tenant, t.key, t.description, t.current_version AS "currentVersion", t.latest_version AS "latestVersion",
        t.revision, t.updated_at AS "updatedAt", v.default_locale AS "defaultLocale", ARRAY(SELECT jsonb_object_keys(v.contents) ORDER BY 1) AS locales
      FROM "email"."templates" t JOIN "email"."template_versions" v ON v.template_id = t.id AND v.version = t.current_version
      WHERE t.tenant IN (${tenant}, ${SYSTEM_TENANT}) AND t.key COLLATE "C" > ${after}
      ORDER BY t.key COLLATE "C", t.tenant = ${SYSTEM_TENANT} LIMIT ${limit}`;
  }

  /** The newest first. */
  versions(templateId: string): Promise<{ version: number; defaultLocale: string; locales: string[]; createdAt: Date }[]> {
    return this.db.$queryRaw`
      SELECT version, default_locale AS "defaultLocale", ARRAY(SELECT jsonb_object_keys(contents) ORDER BY 1) AS locales, created_at AS "createdAt"
      FROM "email"."template_versions" WHERE template_id = ${templateId}::uuid ORDER BY version DESC LIMIT ${MAX_VERSIONS}`;
  }

  /**
   * Makes the template with its first version, or adds a version and points to it.
   * @param revision the one that is replaced; undefined for a template that is not there yet.
   * @throws EMAIL_TEMPLATE_REVISION_REQUIRED, EMAIL_TEMPLATE_REVISION_CONFLICT
   */
  async save(tenant: string, key: string, version: NewVersion, revision: number | undefined): Promise<StoredTemplate> {
    try {
      return await this.db.$transaction(async (tx) => {
        const before = await tx.emailTemplate.findUnique({ where: { tenant_key: { tenant, key } } });
        const { description } = version;
        if (before === null) {
          if (revision !== undefined) throw EmailErrors.EMAIL_TEMPLATE_REVISION_CONFLICT(`You have no template ${key} that could be replaced. Leave If-Match out to make it.`);
          const created = await tx.emailTemplate.create({ data: { tenant, key, description, currentVersion: 1, latestVersion: 1 } });
          await addVersion(tx, created.id, 1, version);
          return created;
        }
        const next = before.latestVersion + 1;
        const after = await change(tx, before, revision, { description, currentVersion: next, latestVersion: next });
        await addVersion(tx, before.id, next, version);
        await tx.emailTemplateVersion.deleteMany({ where: { templateId: before.id, version: { lte: next - MAX_VERSIONS } } });
        return after;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw EmailErrors.EMAIL_TEMPLATE_REVISION_REQUIRED(`Somebody made the template ${key} meanwhile. Read it and send its ETag as If-Match.`, { cause: error });
      throw error;
    }
  }

  /** Points to another version. Idempotent. @throws EMAIL_TEMPLATE_REVISION_CONFLICT */
  async point(template: StoredTemplate, version: number, revision: number | undefined): Promise<StoredTemplate> {
    return change(this.db, template, revision ?? template.revision, { currentVersion: version });
  }

  /** @returns how many versions went with it; undefined when there is no such template. @throws EMAIL_TEMPLATE_REVISION_CONFLICT */
  async remove(tenant: string, key: string, revision: number | undefined): Promise<number | undefined> {
    return this.db.$transaction(async (tx) => {
      const template = await tx.emailTemplate.findUnique({ where: { tenant_key: { tenant, key } } });
      if (template === null) return undefined;
      requireRevision(template, revision ?? template.revision);
      const count = await tx.emailTemplateVersion.count({ where: { templateId: template.id } });
      await tx.emailTemplate.deleteMany({ where: { id: template.id } });
      return count;
    });
  }
}

async function addVersion(tx: Transaction<'email'>, templateId: string, version: number, { content, shippedDigest }: NewVersion): Promise<void> {
  const { defaultLocale, variables, contents } = content;
  // through JSON: Prisma takes no `undefined` inside
  const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as object;
  await tx.emailTemplateVersion.create({
    data: { templateId, version, defaultLocale, contents: asJson(contents), ...(variables === null ? {} : { variables: asJson(variables) }), ...(shippedDigest === undefined ? {} : { shippedDigest }) },
  });
}

type Change = Partial<Pick<StoredTemplate, 'description' | 'currentVersion' | 'latestVersion'>>;

async function change(tx: Transaction<'email'>, before: StoredTemplate, revision: number | undefined, data: Change): Promise<StoredTemplate> {
  requireRevision(before, revision);
  // the condition, not the reading before it, decides between two that change it at once
  const { count } = await tx.emailTemplate.updateMany({ where: { id: before.id, revision: before.revision }, data: { ...data, revision: before.revision + 1 } });
  if (count === 0) throw EmailErrors.EMAIL_TEMPLATE_REVISION_CONFLICT();
  return { ...before, ...data, revision: before.revision + 1, updatedAt: new Date() };
}

function requireRevision({ key, revision }: StoredTemplate, given: number | undefined): void {
  if (given === undefined) throw EmailErrors.EMAIL_TEMPLATE_REVISION_REQUIRED(`There is a template ${key}. Read it and send its ETag as If-Match to replace it.`);
  if (given !== revision) {
    throw EmailErrors.EMAIL_TEMPLATE_REVISION_CONFLICT(`The revision of ${key} is "${revision}" now, and If-Match names another. Read it again and repeat with the new ETag.`, { details: { revision } });
  }
}
