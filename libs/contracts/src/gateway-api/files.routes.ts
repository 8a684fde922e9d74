import { z } from 'zod';
import { defineRoute } from '../route.js';

const tag = 'Files';
const byId = z.object({ id: z.uuid('must be the id that POST /files answered with') });
const exampleId = '0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e';
const DAY_MS = 86_400_000;
/** Largest stored file, in bytes. */
export const MAX_FILE_BYTES = 10_000_000;

const storedFile = z
  .object({
    id: z.uuid(),
    filename: z.string(),
    contentType: z.string(),
    size: z.int().describe('Bytes.'),
    sha256: z.string().describe('Hexadecimal.'),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().describe('It is removed then.'),
  })
  .meta({ id: 'StoredFile' });
export type StoredFileView = z.output<typeof storedFile>;

export const UploadFile = defineRoute({
  id: 'file.upload',
  method: 'POST',
  path: '/files',
  tag,
  summary: 'Store a file, to attach it to mails by its id.',
  description:
    'The body is the file itself, at most 10 000 000 bytes, with its content-type. Its name comes in x-filename (percent-encoded where it is not ASCII) or content-disposition. ' +
    'curl --data-binary @invoice.pdf -H "content-type: application/pdf" -H "x-filename: invoice.pdf" …',
  access: { kind: 'scope', scope: 'publish' },
  query: z.object({ expiresInMs: z.coerce.number().int().min(60_000).max(90 * DAY_MS).default(30 * DAY_MS).describe('How long it is kept.') }),
  rawBody: { as: 'bytes', maxBytes: MAX_FILE_BYTES },
  status: 201,
  response: storedFile,
  errors: ['FILE_QUOTA_REACHED'],
});

export const GetFile = defineRoute({
  id: 'file.get',
  method: 'GET',
  path: '/files/{id}',
  tag,
  summary: 'Show what is known of a stored file of yours.',
  access: { kind: 'any-scope' },
  params: byId,
  response: storedFile,
  errors: ['FILE_NOT_FOUND'],
  example: { params: { id: exampleId } },
});

export const DeleteFile = defineRoute({
  id: 'file.delete',
  method: 'DELETE',
  path: '/files/{id}',
  tag,
  summary: 'Remove a stored file of yours. Mails that name it and are not sent yet fail.',
  access: { kind: 'scope', scope: 'publish' },
  params: byId,
  status: 204,
  response: z.undefined(),
  errors: ['FILE_NOT_FOUND'],
  example: { params: { id: exampleId } },
});

export const ReadStoredFile = defineRoute({
  id: 'file.read',
  method: 'GET',
  path: '/internal/files/{id}',
  tag,
  summary: 'Read a stored file of a tenant; for the workers of this system.',
  access: { kind: 'service', permission: 'files.read' },
  params: byId,
  query: z.object({ tenant: z.string().min(1).max(200) }),
  response: storedFile.extend({ content: z.base64() }).meta({ id: 'StoredFileContent' }),
  errors: ['FILE_NOT_FOUND'],
  example: { params: { id: exampleId }, query: { tenant: 'system' } },
});
