import { z } from 'zod';
import { defineRequest } from '../contract.js';
import { localeTag, templateKey, templateReference } from '../jobs/email.jobs.js';
import { exampleSettings, exampleSummary, templateDetail, templatePreview, templateSettings, templateSummary, templateVersionSummary } from './email-template.js';

// Whose templates these are says the context of the request (`tenant`), never its payload. The email worker answers.

const key = templateKey;
const revision = z.int().min(1);
const exampleDetail = { ...exampleSummary, shownVersion: 1, variables: exampleSettings.variables, contents: exampleSettings.locales };

/** Makes a template, or a new version of it. */
export const SaveEmailTemplate = defineRequest({
  name: 'email.template.save',
  version: 1,
  description: 'Makes a template of the tenant, or a new version of it, which is sent from then on. MJML is compiled here.',
  timeoutMs: 20_000,
  schema: z.object({ key, settings: templateSettings, revision: revision.optional().describe('The one that is replaced; required when there is a template.') }),
  responseSchema: templateDetail,
  example: { key: 'order-shipped', settings: exampleSettings },
  responseExample: exampleDetail,
});

/** A template with the texts of one version. */
export const GetEmailTemplate = defineRequest({
  name: 'email.template.get',
  version: 1,
  description: "The tenant's template of this name, else that of the system.",
  timeoutMs: 5_000,
  schema: z.object({ key, version: z.int().min(1).optional().describe('Left out: the current one.') }),
  responseSchema: templateDetail,
  example: { key: 'order-shipped' },
  responseExample: exampleDetail,
});

/** Which templates are there? */
export const ListEmailTemplates = defineRequest({
  name: 'email.template.list',
  version: 1,
  description: "The templates that the tenant's mails can name, by name: its own, and those of the system that it has not replaced.",
  timeoutMs: 5_000,
  schema: z.object({ limit: z.int().min(1).max(500).default(50), cursor: templateKey.optional().describe('The last key of the page before.') }),
  responseSchema: z.object({ items: z.array(templateSummary), nextCursor: z.string().nullable() }),
  example: { limit: 50 },
  responseExample: { items: [exampleSummary], nextCursor: null },
});

/** Removes a template with its history. */
export const RemoveEmailTemplate = defineRequest({
  name: 'email.template.remove',
  version: 1,
  description: "Removes the tenant's template with all versions; where the system has one of this name, that is sent again.",
  timeoutMs: 5_000,
  schema: z.object({ key, revision: revision.optional() }),
  responseSchema: z.object({ removedVersions: z.int() }),
  example: { key: 'order-shipped' },
  responseExample: { removedVersions: 3 },
});

/** The history of a template. */
export const ListEmailTemplateVersions = defineRequest({
  name: 'email.template.versions',
  version: 1,
  description: 'The versions of a template, the newest first; at most 200.',
  timeoutMs: 5_000,
  schema: z.object({ key }),
  responseSchema: z.object({ items: z.array(templateVersionSummary) }),
  example: { key: 'order-shipped' },
  responseExample: { items: [{ version: 1, isCurrent: true, defaultLocale: 'en', locales: ['en'], createdAt: '2026-11-20T08:30:00.000Z' }] },
});

/** Sends an older version again. */
export const RollBackEmailTemplate = defineRequest({
  name: 'email.template.rollback',
  version: 1,
  description: "Makes another version of the tenant's template the one that is sent. Idempotent.",
  timeoutMs: 5_000,
  schema: z.object({ key, version: z.int().min(1), revision: revision.optional() }),
  responseSchema: templateDetail,
  example: { key: 'order-shipped', version: 1 },
  responseExample: exampleDetail,
});

/** A mail as it would be sent. */
export const PreviewEmailTemplate = defineRequest({
  name: 'email.template.preview',
  version: 1,
  description: 'Renders a template, or a draft of one, by the code that renders mails. Missing variables are listed.',
  timeoutMs: 20_000,
  schema: z.object({
    key,
    variables: templateReference.shape.variables,
    locale: localeTag.optional(),
    version: z.int().min(1).optional().describe('Left out: the current one.'),
    draft: templateSettings.optional().describe('Rendered in the place of what is stored.'),
  }),
  responseSchema: templatePreview,
  example: { key: 'welcome', variables: { username: 'ada' }, locale: 'en' },
  responseExample: { subject: 'Welcome to Angarium', html: '<p>Hello ada,</p>', text: 'Hello ada,', locale: 'en', version: 1, missingVariables: [], warnings: [] },
});
