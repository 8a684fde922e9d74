import { z } from 'zod';
import { localeTag, templateKey } from '../jobs/email.jobs.js';

/** What JSON Schema (draft 2020-12) says of a variable, as far as templates need it. */
export interface VariableSchema {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly enum?: (string | number)[] | undefined;
  readonly format?: 'uri' | 'email' | 'date' | 'date-time' | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly items?: VariableSchema | undefined;
  readonly properties?: Record<string, VariableSchema> | undefined;
  readonly required?: string[] | undefined;
  readonly additionalProperties?: boolean | undefined;
}

const name = z
  .string()
  .max(100)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'name variables with letters, digits and _, beginning with a letter');

const variableSchema: z.ZodType<VariableSchema> = z
  .lazy(() =>
  z.strictObject({
    type: z.enum(['string', 'number', 'integer', 'boolean', 'array', 'object']),
    title: z.string().max(200).optional(),
    description: z.string().max(500).optional(),
    enum: z
      .array(z.union([z.string().max(200), z.number()]))
      .min(1)
      .max(100)
      .optional(),
    format: z.enum(['uri', 'email', 'date', 'date-time']).optional().describe('uri: http, https, mailto or tel.'),
    maxLength: z.int().min(1).max(2_000).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    maxItems: z.int().min(0).max(200).optional(),
    items: variableSchema.optional(),
    properties: z.record(name, variableSchema).optional(),
    required: z.array(name).max(100).optional(),
    additionalProperties: z.boolean().optional(),
  }),
)
  .meta({ id: 'VariableSchema' });

/** The variables of a template: an object in a small part of JSON Schema. */
export const variablesSchema = z
  .strictObject({
    $schema: z.string().max(200).optional(),
    type: z.literal('object'),
    title: z.string().max(200).optional(),
    description: z.string().max(500).optional(),
    properties: z.record(name, variableSchema).default({}),
    required: z.array(name).max(100).optional(),
    additionalProperties: z.boolean().optional(),
  })
  .meta({ id: 'VariablesSchema' });

/** The text of a mail in one locale; places for variables are Liquid: `{{ username }}`. */
export const templateContent = z
  .strictObject({
    subject: z.string().trim().min(1).max(500),
    mjml: z.string().min(1).max(100_000).optional().describe('Layout in MJML; compiled to HTML when it is saved. Instead of html.'),
    html: z.string().min(1).max(100_000).optional().describe('Layout in HTML. Instead of mjml.'),
    text: z.string().min(1).max(50_000).optional().describe('Left out: made from the HTML.'),
  })
  .refine((it) => it.mjml === undefined || it.html === undefined, { error: 'give mjml or html, not both', path: ['html'] })
  .refine((it) => (it.mjml ?? it.html ?? it.text) !== undefined, { error: 'give mjml, html or text', path: ['mjml'] })
  .meta({ id: 'TemplateContent' });
export type TemplateContent = z.output<typeof templateContent>;

/** All that a template says; saving it makes a new version. */
export const templateSettings = z
  .strictObject({
    description: z.string().max(500).nullable().default(null),
    defaultLocale: localeTag.default('en').describe('Used where the wanted locale and those it falls back to are not there.'),
    variables: variablesSchema.nullable().default(null).describe('Checked before each mail; null takes whatever the texts use.'),
    locales: z.record(localeTag, templateContent).describe('By locale, such as en or zh-CN; at most 30.'),
  })
  .refine(({ locales }) => Object.keys(locales).length >= 1 && Object.keys(locales).length <= 30, { error: 'give 1 to 30 locales', path: ['locales'] })
  .meta({ id: 'TemplateSettings' });
export type TemplateSettings = z.output<typeof templateSettings>;

const summaryFields = {
  key: templateKey,
  isShared: z.boolean().describe('It belongs to the system; a template of your own with this name takes its place.'),
  description: z.string().nullable(),
  version: z.int().min(1).describe('The one that is sent.'),
  latestVersion: z.int().min(1),
  revision: z.int().min(1).describe('Also the ETag.'),
  defaultLocale: localeTag,
  locales: z.array(localeTag),
  updatedAt: z.iso.datetime(),
};

/** A template in a list. */
export const templateSummary = z.object(summaryFields).meta({ id: 'TemplateSummary' });
export type TemplateSummary = z.output<typeof templateSummary>;

/** A template with the texts of one version. */
export const templateDetail = z
  .object({ ...summaryFields, shownVersion: z.int().min(1).describe('The version whose texts these are.'), variables: variablesSchema.nullable(), contents: z.record(localeTag, templateContent) })
  .meta({ id: 'Template' });
export type TemplateDetail = z.output<typeof templateDetail>;

/** A version in the history of a template. */
export const templateVersionSummary = z
  .object({ version: z.int().min(1), isCurrent: z.boolean(), defaultLocale: localeTag, locales: z.array(localeTag), createdAt: z.iso.datetime() })
  .meta({ id: 'TemplateVersion' });

/** A mail as it would be sent. */
export const templatePreview = z
  .object({
    subject: z.string(),
    html: z.string().nullable(),
    text: z.string(),
    locale: localeTag.describe('The one that was taken.'),
    version: z.int().min(1).nullable().describe('null: a draft.'),
    missingVariables: z.array(z.string()).describe('Without these the mail is not sent; here their places are left empty.'),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'TemplatePreview' });
export type TemplatePreview = z.output<typeof templatePreview>;

export const exampleSettings: TemplateSettings = {
  description: 'Sent when an order leaves the house.',
  defaultLocale: 'en',
  variables: { type: 'object', properties: { orderId: { type: 'string', maxLength: 40 }, trackingUrl: { type: 'string', format: 'uri' } }, required: ['orderId', 'trackingUrl'] },
  locales: {
    en: {
      subject: 'Order {{ orderId }} is on its way',
      mjml: '<mjml><mj-body><mj-section><mj-column><mj-text>Your order {{ orderId }} is on its way.</mj-text><mj-button href="{{ trackingUrl }}">Where is it?</mj-button></mj-column></mj-section></mj-body></mjml>',
    },
  },
};

export const exampleSummary: TemplateSummary = {
  key: 'order-shipped',
  isShared: false,
  description: 'Sent when an order leaves the house.',
  version: 1,
  latestVersion: 1,
  revision: 1,
  defaultLocale: 'en',
  locales: ['en'],
  updatedAt: '2026-11-20T08:30:00.000Z',
};
