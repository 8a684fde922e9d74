import type { PayloadOf, PreviewEmailTemplate, TemplatePreview } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import { EmailErrors } from '../errors.js';
import { compileTemplate, MAX_TEMPLATE_BYTES } from './compile-templates.js';
import { renderVersion } from './render-version.js';
import type { TemplateRepository } from './template.repository.js';
import { unknownTemplate, type TemplateShelf } from './template-shelf.js';
import { readVersion, type TemplateVersion } from './template-version.js';

export interface PreviewParts {
  readonly templates: Pick<TemplateRepository, 'find'>;
  readonly shelf: Pick<TemplateShelf, 'current' | 'version'>;
  readonly logger: Logger;
}

/** Shows a mail before it is sent: by the code that renders it when it is. */
export class PreviewTemplate {
  constructor(private readonly parts: PreviewParts) {}

  /**
   * Renders a draft, a version, or what is sent now. Missing variables are listed, their places left empty.
   * @throws EMAIL_TEMPLATE_UNKNOWN, EMAIL_TEMPLATE_VERSION_UNKNOWN, EMAIL_TEMPLATE_INVALID, EMAIL_TEMPLATE_VARIABLES_INVALID, EMAIL_TEMPLATE_FAILED, EMAIL_TEMPLATE_TOO_LARGE
   */
  async run(tenant: string, order: PayloadOf<typeof PreviewEmailTemplate>): Promise<TemplatePreview> {
    const { subject, html, text, locale, version, missing, warnings } = renderVersion(await this.find(tenant, order), order.variables, order.locale);
    const bytes = Buffer.byteLength(html ?? '') + Buffer.byteLength(text);
    if (bytes > MAX_TEMPLATE_BYTES) throw EmailErrors.EMAIL_TEMPLATE_TOO_LARGE(`The mail has ${bytes} bytes; previews show at most ${MAX_TEMPLATE_BYTES}. Give fewer or shorter variables.`);
    return { subject, html: html ?? null, text, locale, version, missingVariables: [...missing], warnings: [...warnings] };
  }

  private async find(tenant: string, { key, version, draft }: PayloadOf<typeof PreviewEmailTemplate>): Promise<TemplateVersion> {
    const { templates, shelf, logger } = this.parts;
    if (draft !== undefined) return readVersion(key, null, await compileTemplate(draft, logger));
    if (version === undefined) return shelf.current(tenant, key);
    const template = await templates.find(tenant, key);
    if (template === undefined) throw unknownTemplate(key);
    return shelf.version(template, version);
  }
}
