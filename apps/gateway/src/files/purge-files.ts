import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { InjectLogger } from '@angarium/service-shell';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { StoredFileRepository } from './stored-file.repository.js';

const EVERY_MS = 600_000;

/** Removes files that have expired, when it starts and every ten minutes; several replicas do no harm. Purging → waiting → purging, until it is stopped. */
@Injectable()
export class PurgeFiles implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly files: StoredFileRepository,
    @InjectLogger() private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const pass = () => void this.purge().catch(ignoreError(this.logger, 'purge-files', 'the next pass tries again'));
    this.timer = setInterval(pass, EVERY_MS).unref();
    pass();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One pass. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async purge(): Promise<number> {
    const count = await this.files.purge();
    if (count > 0) this.logger.info({ count }, 'expired files removed');
    return count;
  }
}
