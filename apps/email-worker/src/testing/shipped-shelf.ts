import { silentLogger } from '@angarium/observability';
import { compileTemplates } from '../templates/compile-templates.js';
import { RenderTemplate } from '../templates/render-template.js';
import { shippedTemplates } from '../templates/seeds/shipped-templates.js';
import { unknownTemplate } from '../templates/template-shelf.js';
import { readVersion } from '../templates/template-version.js';

/** Renders the shipped templates, compiled as they are for the database; for tests without one. */
export async function renderShipped(): Promise<RenderTemplate> {
  const compiled = await compileTemplates(shippedTemplates.map(({ settings }) => settings), silentLogger);
  const versions = new Map(shippedTemplates.map(({ key }, index) => [key, readVersion(key, 1, compiled[index]!)]));
  return new RenderTemplate({
    current: async (_tenant, key) => {
      const version = versions.get(key);
      if (version === undefined) throw unknownTemplate(key);
      return version;
    },
  });
}
