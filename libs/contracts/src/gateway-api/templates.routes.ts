import { z } from 'zod';
import { localeTag, templateKey, templateReference } from '../jobs/email.jobs.js';
import { exampleSettings, templateDetail, templatePreview, templateSettings } from '../requests/email-template.js';
import { ListEmailTemplates, ListEmailTemplateVersions } from '../requests/email-templates.requests.js';
import { defineRoute } from '../route.js';

const tag = 'Templates';
const byName = z.object({ name: templateKey });
const version = z.coerce.number().int().min(1);
const read = { kind: 'any-scope' } as const;
const write = { kind: 'scope', scope: 'admin' } as const;
const brokenTemplate = ['EMAIL_TEMPLATE_INVALID', 'EMAIL_TEMPLATE_TOO_LARGE'] as const;

export const ListTemplates = defineRoute({
  id: 'template.list',
  method: 'GET',
  path: '/templates',
  tag,
  summary: 'List the mail templates that your mails can name: your own, and those of the system.',
  access: read,
  query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(50), cursor: templateKey.optional().describe('`nextCursor` of the page before.') }),
  response: ListEmailTemplates.responseSchema,
  example: { query: { limit: '10' } },
});

export const GetTemplate = defineRoute({
  id: 'template.get',
  method: 'GET',
  path: '/templates/{name}',
  tag,
  summary: 'Show a template with its texts; the ETag header holds its revision.',
  access: read,
  params: byName,
  query: z.object({ version: version.optional().describe('Left out: the one that is sent.') }),
  response: templateDetail,
  errors: ['EMAIL_TEMPLATE_UNKNOWN', 'EMAIL_TEMPLATE_VERSION_UNKNOWN'],
  example: { params: { name: 'welcome' } },
});

export const SaveTemplate = defineRoute({
  id: 'template.save',
  method: 'PUT',
  path: '/templates/{name}',
  tag,
  summary: 'Save a template: a new version, which is sent from now on.',
  description:
    'A template that exists is replaced only with If-Match and the ETag that you read (else 428). A name of a template of the system makes one of your own, which takes its place for your mails. ' +
    'At most 200 KB. Workers send the new version within two seconds.',
  access: write,
  params: byName,
  body: templateSettings,
  response: templateDetail,
  errors: [...brokenTemplate, 'EMAIL_TEMPLATE_REVISION_REQUIRED', 'EMAIL_TEMPLATE_REVISION_CONFLICT'],
  example: { params: { name: 'order-shipped' }, body: exampleSettings },
});

export const DeleteTemplate = defineRoute({
  id: 'template.delete',
  method: 'DELETE',
  path: '/templates/{name}',
  tag,
  summary: 'Delete a template of yours with all its versions.',
  description: 'Mails that name it fail from then on, or are sent with the template of the system where it has one of this name.',
  access: write,
  params: byName,
  response: z.object({ removedVersions: z.int() }),
  errors: ['EMAIL_TEMPLATE_UNKNOWN', 'EMAIL_TEMPLATE_REVISION_CONFLICT'],
  example: { params: { name: 'order-shipped' } },
});

export const ListTemplateVersions = defineRoute({
  id: 'template.versions',
  method: 'GET',
  path: '/templates/{name}/versions',
  tag,
  summary: 'List the versions of a template, the newest first.',
  access: read,
  params: byName,
  response: ListEmailTemplateVersions.responseSchema,
  errors: ['EMAIL_TEMPLATE_UNKNOWN'],
  example: { params: { name: 'welcome' } },
});

export const RollBackTemplate = defineRoute({
  id: 'template.rollback',
  method: 'POST',
  path: '/templates/{name}/rollback',
  tag,
  summary: 'Send an older version again (or a newer one).',
  access: write,
  params: byName,
  body: z.object({ version: z.int().min(1) }).strict().meta({ id: 'TemplateRollback' }),
  response: templateDetail,
  errors: ['EMAIL_TEMPLATE_UNKNOWN', 'EMAIL_TEMPLATE_VERSION_UNKNOWN', 'EMAIL_TEMPLATE_REVISION_CONFLICT'],
  example: { params: { name: 'order-shipped' }, body: { version: 1 } },
});

export const PreviewTemplate = defineRoute({
  id: 'template.preview',
  method: 'POST',
  path: '/templates/{name}/preview',
  tag,
  summary: 'Render a template as it would be sent, and list the variables that are missing.',
  description: 'With `draft` the given texts are rendered in the place of what is stored; nothing is saved.',
  access: read,
  params: byName,
  body: z
    .object({
      variables: templateReference.shape.variables,
      locale: localeTag.optional(),
      version: z.int().min(1).optional().describe('Left out: the one that is sent.'),
      draft: templateSettings.optional(),
    })
    .strict()
    .meta({ id: 'TemplatePreviewOrder' }),
  response: templatePreview,
  errors: ['EMAIL_TEMPLATE_UNKNOWN', 'EMAIL_TEMPLATE_VERSION_UNKNOWN', 'EMAIL_TEMPLATE_VARIABLES_INVALID', 'EMAIL_TEMPLATE_FAILED', ...brokenTemplate],
  example: { params: { name: 'welcome' }, body: { variables: { username: 'ada' }, locale: 'zh-CN' } },
});
