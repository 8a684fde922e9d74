import type { AnswerOf } from '@angarium/contracts';
import { DeleteFile, GetFile, ReadStoredFile, UploadFile, type StoredFileView } from '@angarium/contracts/gateway-api';
import { SharedErrors } from '@angarium/errors';
import { InjectConfig, Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import type { GatewayConfig } from '../config.js';
import { GatewayErrors } from '../errors.js';
import { readFilename } from './read-filename.js';
import { StoredFileRepository, type StoredFile } from './stored-file.repository.js';

const mediaType = /^[\w.+-]{1,50}\/[\w.+-]{1,49}$/;

/** Files that tenants attach to their mails. */
@Controller()
export class FilesController {
  constructor(
    private readonly files: StoredFileRepository,
    @InjectConfig() private readonly config: GatewayConfig,
  ) {}

  @Route(UploadFile)
  async upload({ caller, headers, query, bytes }: RouteCall<typeof UploadFile>): Promise<AnswerOf<typeof UploadFile>> {
    if (bytes === undefined || bytes.length === 0) throw SharedErrors.INVALID_INPUT('The body is empty; send the file itself.', { details: { faults: [{ path: 'body', message: 'is empty' }] } });
    const [given = ''] = (headers['content-type'] ?? '').split(';');
    const contentType = mediaType.test(given.trim()) ? given.trim().toLowerCase() : 'application/octet-stream';
    const file = { tenant: caller.tenantId, filename: readFilename(headers), contentType, content: bytes, expiresInMs: query.expiresInMs };
    return toView(await this.files.create(file, this.config.GATEWAY_FILES_TENANT_BYTES));
  }

  @Route(GetFile)
  async get({ caller, params }: RouteCall<typeof GetFile>): Promise<AnswerOf<typeof GetFile>> {
    return toView(required(await this.files.find(caller.tenantId, params.id), params.id));
  }

  @Route(DeleteFile)
  async delete({ caller, params }: RouteCall<typeof DeleteFile>): Promise<undefined> {
    required((await this.files.remove(caller.tenantId, params.id)) || null, params.id);
  }

  @Route(ReadStoredFile)
  async read({ params, query }: RouteCall<typeof ReadStoredFile>): Promise<AnswerOf<typeof ReadStoredFile>> {
    const file = required(await this.files.read(query.tenant, params.id), params.id);
    return { ...toView(file), content: Buffer.from(file.content).toString('base64') };
  }
}

/** @throws FILE_NOT_FOUND, also for the file of another tenant. */
function required<T>(found: T | null, id: string): T {
  if (found === null) throw GatewayErrors.FILE_NOT_FOUND(`There is no file ${id}, or it has expired. Store it again with POST /files.`);
  return found;
}

function toView({ id, filename, contentType, size, sha256, createdAt, expiresAt }: StoredFile): StoredFileView {
  return { id, filename, contentType, size, sha256, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString() };
}
