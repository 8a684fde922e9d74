import {
  GetEmailTemplate,
  ListEmailTemplates,
  ListEmailTemplateVersions,
  PreviewEmailTemplate,
  RemoveEmailTemplate,
  RollBackEmailTemplate,
  SaveEmailTemplate,
  SYSTEM_TENANT,
  type PayloadOf,
  type ResponseOf,
} from '@angarium/contracts';
import { currentContext, type Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { OnRequest } from '@angarium/transport';
import { Controller } from '@nestjs/common';
import { compileTemplate } from './compile-templates.js';
import { PreviewTemplate } from './preview-template.js';
import { StockTemplates } from './stock-templates.js';
import { toDetail, toSummary } from './template-views.js';
import { TemplateRepository, type StoredTemplate } from './template.repository.js';
import { TemplateShelf, unknownTemplate, unknownVersion } from './template-shelf.js';

/** Answers what the gateway asks of mail templates; whose they are says the context of the request. */
@Controller()
export class AnswerTemplates {
  constructor(
    private readonly templates: TemplateRepository,
    private readonly shelf: TemplateShelf,
    private readonly stock: StockTemplates,
    private readonly previews: PreviewTemplate,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  @OnRequest(SaveEmailTemplate)
  async save({ key, settings, revision }: PayloadOf<typeof SaveEmailTemplate>): Promise<ResponseOf<typeof SaveEmailTemplate>> {
    const content = await compileTemplate(settings, this.logger);
    const stored = await this.templates.save(tenant(), key, { description: settings.description, content }, revision);
    return this.changed(stored, 'saved');
  }

  @OnRequest(GetEmailTemplate)
  async get({ key, version }: PayloadOf<typeof GetEmailTemplate>): Promise<ResponseOf<typeof GetEmailTemplate>> {
    return this.detail(await this.require(key), version);
  }

  @OnRequest(ListEmailTemplates)
  async list({ limit, cursor }: PayloadOf<typeof ListEmailTemplates>): Promise<ResponseOf<typeof ListEmailTemplates>> {
    await this.stock.ensure();
    const rows = await this.templates.list(tenant(), limit + 1, cursor ?? '');
    const items = rows.slice(0, limit);
    return { items: items.map((row) => toSummary(row, row)), nextCursor: rows.length > limit ? (items.at(-1)?.key ?? null) : null };
  }

  @OnRequest(RemoveEmailTemplate)
  async remove({ key, revision }: PayloadOf<typeof RemoveEmailTemplate>): Promise<ResponseOf<typeof RemoveEmailTemplate>> {
    const removedVersions = await this.templates.remove(tenant(), key, revision);
    if (removedVersions === undefined) throw unknownTemplate(key);
    this.shelf.forget(key);
    this.logger.info({ template: key, removedVersions }, 'mail template removed');
    return { removedVersions };
  }

  @OnRequest(ListEmailTemplateVersions)
  async versions({ key }: PayloadOf<typeof ListEmailTemplateVersions>): Promise<ResponseOf<typeof ListEmailTemplateVersions>> {
    const template = await this.require(key);
    const rows = await this.templates.versions(template.id);
    return { items: rows.map((row) => ({ ...row, isCurrent: row.version === template.currentVersion, createdAt: row.createdAt.toISOString() })) };
  }

  @OnRequest(RollBackEmailTemplate)
  async rollBack({ key, version, revision }: PayloadOf<typeof RollBackEmailTemplate>): Promise<ResponseOf<typeof RollBackEmailTemplate>> {
    const template = await this.require(key);
    // that of the system is not the tenant's to change
    if (template.tenant !== tenant()) throw unknownTemplate(key);
    if ((await this.templates.findVersion(template.id, version)) === undefined) throw unknownVersion(key, version);
    return this.changed(await this.templates.point(template, version, revision), 'rolled back');
  }

  @OnRequest(PreviewEmailTemplate)
  preview(order: PayloadOf<typeof PreviewEmailTemplate>): Promise<ResponseOf<typeof PreviewEmailTemplate>> {
    return this.previews.run(tenant(), order);
  }

  private async require(key: string): Promise<StoredTemplate> {
    await this.stock.ensure();
    const template = await this.templates.find(tenant(), key);
    if (template === undefined) throw unknownTemplate(key);
    return template;
  }

  private changed(template: StoredTemplate, what: string) {
    this.shelf.forget(template.key);
    this.logger.info({ template: template.key, version: template.currentVersion, revision: template.revision }, `mail template ${what}`);
    return this.detail(template);
  }

  private async detail(template: StoredTemplate, version = template.currentVersion) {
    const row = await this.templates.findVersion(template.id, version);
    if (row === undefined) throw unknownVersion(template.key, version);
    return toDetail(template, row);
  }
}

function tenant(): string {
  return currentContext()?.tenant ?? SYSTEM_TENANT;
}
