import type { Logger } from '@angarium/observability';
import type { Provider } from '@nestjs/common';
import { PreviewTemplate } from './preview-template.js';
import { RenderTemplate } from './render-template.js';
import { shippedTemplates } from './seeds/shipped-templates.js';
import { StockTemplates } from './stock-templates.js';
import { TemplateRepository } from './template.repository.js';
import { TemplateShelf } from './template-shelf.js';

/** All that mails and previews are rendered with; the controller is AnswerTemplates. */
export function templateProviders(logger: Logger): Provider[] {
  return [
    TemplateRepository,
    { provide: StockTemplates, inject: [TemplateRepository], useFactory: (repository: TemplateRepository) => new StockTemplates({ shipped: shippedTemplates, repository, logger }) },
    {
      provide: TemplateShelf,
      inject: [TemplateRepository, StockTemplates],
      useFactory: (repository: TemplateRepository, stock: StockTemplates) => new TemplateShelf({ repository, isStocked: () => stock.ensure() }),
    },
    { provide: RenderTemplate, inject: [TemplateShelf], useFactory: (shelf: TemplateShelf) => new RenderTemplate(shelf) },
    {
      provide: PreviewTemplate,
      inject: [TemplateRepository, TemplateShelf],
      useFactory: (templates: TemplateRepository, shelf: TemplateShelf) => new PreviewTemplate({ templates, shelf, logger }),
    },
  ];
}
