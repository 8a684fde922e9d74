import type { Claim, Delivery } from './delivery.repository.js';

const MAX_BATCH = 200;

interface Waiting {
  readonly claim: Claim;
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Claims mails in batches without making anybody wait for one: what comes while a batch is being claimed is the next batch.
 * Alone, a claim goes at once. A batch that fails fails all its claims; their jobs come again.
 */
export class ClaimDelivery {
  private waiting: Waiting[] = [];
  private isClaiming = false;

  /** @param claimAll see DeliveryRepository.claim; no two mails of a batch are the same, because a mail is handled once at a time. */
  constructor(private readonly claimAll: (claims: readonly Claim[]) => Promise<readonly Delivery[]>) {}

  /** The mail's row in the ledger. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  claim(claim: Claim): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ claim, resolve, reject });
      if (!this.isClaiming) void this.claimWaiting();
    });
  }

  /** Never rejects. */
  private async claimWaiting(): Promise<void> {
    this.isClaiming = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        const deliveries = await this.claimAll(batch.map(({ claim }) => claim));
        batch.forEach(({ resolve, reject }, index) => {
          const delivery = deliveries[index];
          if (delivery === undefined) reject(new Error('a claim was answered without its row'));
          else resolve(delivery);
        });
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.isClaiming = false;
  }
}
