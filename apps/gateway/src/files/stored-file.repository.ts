import { createHash } from 'node:crypto';
import { InjectDatabase, type Database } from '@angarium/database';
import { Injectable } from '@nestjs/common';
import { GatewayErrors } from '../errors.js';

export interface NewFile {
  readonly tenant: string;
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly expiresInMs: number;
}

export interface StoredFile {
  readonly id: string;
  readonly filename: string;
  readonly contentType: string;
  readonly size: number;
  readonly sha256: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const known = { id: true, filename: true, contentType: true, size: true, sha256: true, createdAt: true, expiresAt: true } as const;

/** Files that tenants left here to be attached to mails. Of one that has expired nothing is found, although it may still lie there. */
@Injectable()
export class StoredFileRepository {
  constructor(@InjectDatabase() private readonly db: Database<'accounts'>) {}

  /**
   * Stores a file. Two at once may together go a file beyond the limit.
   * @param maxTenantBytes of all files of the tenant together. @throws FILE_QUOTA_REACHED
   */
  async create({ expiresInMs, content, ...file }: NewFile, maxTenantBytes: number): Promise<StoredFile> {
    const now = new Date();
    const { _sum } = await this.db.storedFile.aggregate({ where: { tenant: file.tenant, expiresAt: { gt: now } }, _sum: { size: true } });
    const used = _sum.size ?? 0;
    if (used + content.length > maxTenantBytes) {
      throw GatewayErrors.FILE_QUOTA_REACHED(`Your files have ${used} bytes; with this one of ${content.length} they exceed ${maxTenantBytes} (GATEWAY_FILES_TENANT_BYTES). Delete some.`);
    }
    const sha256 = createHash('sha256').update(content).digest('hex');
    return this.db.storedFile.create({
      data: { ...file, content: new Uint8Array(content), size: content.length, sha256, createdAt: now, expiresAt: new Date(now.getTime() + expiresInMs) },
      select: known,
    });
  }

  find(tenant: string, id: string): Promise<StoredFile | null> {
    return this.db.storedFile.findFirst({ where: { id, tenant, expiresAt: { gt: new Date() } }, select: known });
  }

  /** With its bytes. */
  read(tenant: string, id: string): Promise<(StoredFile & { readonly content: Uint8Array }) | null> {
    return this.db.storedFile.findFirst({ where: { id, tenant, expiresAt: { gt: new Date() } }, select: { ...known, content: true } });
  }

  /** @returns whether it was there. */
  async remove(tenant: string, id: string): Promise<boolean> {
    return (await this.db.storedFile.deleteMany({ where: { id, tenant } })).count > 0;
  }

  /** Removes what has expired. Idempotent. @returns how many. */
  async purge(): Promise<number> {
    return (await this.db.storedFile.deleteMany({ where: { expiresAt: { lte: new Date() } } })).count;
  }
}
