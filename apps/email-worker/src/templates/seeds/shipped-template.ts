import type { TemplateSettings } from '@angarium/contracts';

/** A template that comes with this release, for all tenants. */
export interface ShippedTemplate {
  readonly key: string;
  readonly settings: TemplateSettings;
}
