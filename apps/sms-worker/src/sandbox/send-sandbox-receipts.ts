import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ApplyReceipt } from '../receive/apply-receipt.js';
import { sandboxFate } from './sandbox.provider.js';
import type { SandboxReceipt, SandboxStore } from './sandbox-store.js';

const PAUSE_MS = 500;
const AGAIN_AFTER_MS = 5_000;

/**
 * The receipts of the sandbox, as a provider would send them. States: idle ⇄ one pass; stops after the pass that runs.
 * Replicas share the work: each receipt is taken by one of them. One that dies with a receipt in its hands loses it, as providers lose some.
 */
export class SendSandboxReceipts implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly store: SandboxStore,
    private readonly receipts: ApplyReceipt,
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  onApplicationBootstrap(): void {
    this.next();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Applies the receipts that are due now; those that cannot be applied come again. */
  async pass(): Promise<void> {
    const due = await this.store.takeDue(this.now());
    await Promise.all(due.map((receipt) => this.apply(receipt)));
  }

  private async apply(receipt: SandboxReceipt): Promise<void> {
    const { id, deliveryId, state } = receipt;
    try {
      await this.receipts.apply({ provider: 'sandbox', providerMessageId: id, deliveryId, fate: sandboxFate(id, state) });
      await this.store.setState(id, state);
    } catch (error) {
      ignoreError(this.logger, 'sandbox.receipts', 'it is applied again in a moment')(error);
      await this.store.putBack(receipt, this.now() + AGAIN_AFTER_MS);
    }
  }

  private next(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.pass()
        .catch(ignoreError(this.logger, 'sandbox.receipts', 'Redis is away; the next pass comes'))
        .finally(() => this.next());
    }, PAUSE_MS).unref();
  }
}
