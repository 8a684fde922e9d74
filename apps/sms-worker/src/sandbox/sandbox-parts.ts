import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import type { ModuleMetadata } from '@nestjs/common';
import { ApplyReceipt } from '../receive/apply-receipt.js';
import { SandboxController } from './sandbox.controller.js';
import { SandboxStore } from './sandbox-store.js';
import { SendSandboxReceipts } from './send-sandbox-receipts.js';

export interface SandboxPartsOptions {
  readonly config: { readonly NODE_ENV: string; readonly REDIS_KEY_PREFIX: string };
  /** The connection that the providers have; its owner closes it. */
  readonly redis: RedisConnection;
  readonly logger: Logger;
}

/** What the module of the worker needs for the sandbox: page, store and receipts; nothing in production. `ApplyReceipt` has to be a provider there. */
export function sandboxParts({ config, redis, logger }: SandboxPartsOptions): Required<Pick<ModuleMetadata, 'controllers' | 'providers'>> {
  if (config.NODE_ENV === 'production') return { controllers: [], providers: [] };
  return {
    controllers: [SandboxController],
    providers: [
      { provide: SandboxStore, useFactory: () => new SandboxStore(redis, config.REDIS_KEY_PREFIX) },
      {
        provide: SendSandboxReceipts,
        inject: [SandboxStore, ApplyReceipt],
        useFactory: (store: SandboxStore, receipts: ApplyReceipt) => new SendSandboxReceipts(store, receipts, logger),
      },
    ],
  };
}
