import { createHash } from 'node:crypto';
import { createEgress, type Egress, type EgressResponse } from '@angarium/egress';
import { SharedErrors } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { OnApplicationShutdown } from '@nestjs/common';
import { z } from 'zod';
import { EmailErrors } from '../errors.js';

const TIMEOUT_MS = 15_000;
/** Ten million bytes in base64, and what is said of them. */
const MAX_ANSWER_BYTES = 13_500_000;

const answer = z.object({ content: z.base64(), sha256: z.string() });

export interface StoredFilesOptions {
  /** GATEWAY_URL: where the gateway is, from here. */
  readonly gatewayUrl: string | undefined;
  /** INTERNAL_SERVICE_TOKEN, with the permission files.read. */
  readonly serviceToken: string | undefined;
  readonly logger: Logger;
}

/** Reads files that tenants stored at the gateway. */
export class FetchStoredFile implements OnApplicationShutdown {
  private readonly egress: Egress | undefined;

  constructor(private readonly options: StoredFilesOptions) {
    const { gatewayUrl, logger } = options;
    // the gateway is in our own network, and the only address that is asked
    if (gatewayUrl !== undefined) this.egress = createEgress({ logger, allowHttp: 'private-hosts', allowPrivateHosts: [new URL(gatewayUrl).host] });
  }

  /**
   * The bytes of a file of this tenant.
   * @param field how it is named in errors: `attachments.0.fileId`.
   * @throws EMAIL_INVALID when there is no such file, or no gateway is configured; UNAVAILABLE when the gateway does not answer or refuses the token: the mail waits.
   */
  async run(tenant: string, fileId: string, field: string): Promise<Buffer> {
    const { gatewayUrl, serviceToken } = this.options;
    if (this.egress === undefined || gatewayUrl === undefined || serviceToken === undefined) {
      throw EmailErrors.EMAIL_INVALID(`${field} is refused: stored files are off. Send the content, or set GATEWAY_URL and INTERNAL_SERVICE_TOKEN of the email worker.`, { details: { field } });
    }
    const url = new URL(`/internal/files/${encodeURIComponent(fileId)}?tenant=${encodeURIComponent(tenant)}`, gatewayUrl).href;
    const request = { method: 'GET' as const, url, headers: { 'x-service-token': serviceToken }, timeoutMs: TIMEOUT_MS, maxResponseBytes: MAX_ANSWER_BYTES };
    const response = await this.egress.request(request).catch((error: unknown) => {
      throw unavailable('The gateway does not answer', error);
    });
    return contentOf(response, field);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress?.close();
  }
}

function contentOf({ status, head, isTruncated }: EgressResponse, field: string): Buffer {
  if (status === 404) throw EmailErrors.EMAIL_INVALID(`${field} names no stored file, or it has expired. Store it with POST /files and order the mail with its id.`, { details: { field } });
  if (status !== 200 || isTruncated) throw unavailable(`The gateway answered ${status}${status === 401 || status === 403 ? '; INTERNAL_SERVICE_TOKEN must be a service token with the permission files.read' : ''}`);
  const { content, sha256 } = answer.parse(JSON.parse(head));
  const bytes = Buffer.from(content, 'base64');
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw unavailable('The gateway gave other bytes than were stored');
  return bytes;
}

function unavailable(what: string, cause?: unknown) {
  return SharedErrors.UNAVAILABLE(`${what}; the mail waits for its attachment (GATEWAY_URL).`, cause === undefined ? {} : { cause });
}
