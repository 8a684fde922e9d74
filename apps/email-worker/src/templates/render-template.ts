import type { PayloadOf, SendEmail } from '@angarium/contracts';
import { EmailErrors } from '../errors.js';
import { renderVersion, type RenderedTemplate } from './render-version.js';
import type { TemplateShelf } from './template-shelf.js';

export type TemplateReference = NonNullable<PayloadOf<typeof SendEmail>['template']>;

/** Renders the templates that mails name. */
export class RenderTemplate {
  constructor(private readonly shelf: Pick<TemplateShelf, 'current'>) {}

  /**
   * The text of a mail of this tenant.
   * @throws EMAIL_TEMPLATE_UNKNOWN, EMAIL_TEMPLATE_VARIABLES_MISSING naming all that are, EMAIL_TEMPLATE_VARIABLES_INVALID, EMAIL_TEMPLATE_FAILED, DATABASE_UNAVAILABLE
   */
  async run(tenant: string, { key, variables, locale }: TemplateReference): Promise<RenderedTemplate> {
    const rendered = renderVersion(await this.shelf.current(tenant, key), variables, locale);
    if (rendered.missing.length > 0) {
      const list = rendered.missing.map((name) => `template.variables.${name}`).join(', ');
      throw EmailErrors.EMAIL_TEMPLATE_VARIABLES_MISSING(`The template ${key} lacks ${list}. Give a value for each.`, { details: { template: key, missing: rendered.missing } });
    }
    return rendered;
  }
}
