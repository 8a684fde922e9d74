import { SYSTEM_TENANT, type TemplateDetail, type TemplateSummary } from '@angarium/contracts';
import type { StoredTemplate, VersionRow } from './template.repository.js';

/** A template as lists show it, with the locales of one version. */
export function toSummary(template: StoredTemplate, { defaultLocale, locales }: { readonly defaultLocale: string; readonly locales: readonly string[] }): TemplateSummary {
  const { key, description, currentVersion, latestVersion, revision, tenant, updatedAt } = template;
  return {
    ...{ key, isShared: tenant === SYSTEM_TENANT, description, version: currentVersion, latestVersion, revision, defaultLocale, locales: [...locales] },
    updatedAt: updatedAt.toISOString(),
  };
}

/** A template with the texts of one version, as they were saved: what they were compiled to stays here. */
export function toDetail(template: StoredTemplate, { version, defaultLocale, variables, contents }: VersionRow): TemplateDetail {
  const sources = Object.entries(contents).map(([locale, { subject, mjml, html, text }]) => [locale, { subject, mjml, html, text }] as const);
  return { ...toSummary(template, { defaultLocale, locales: Object.keys(contents).sort() }), shownVersion: version, variables, contents: Object.fromEntries(sources) };
}
