import { gathering, inSlices } from '../report/gathering.js';
import type { Claim, ClaimedMail } from './delivery.repository.js';

const MAX_BATCH = 200;

interface Waiting {
  readonly claim: Claim;
  readonly resolve: (delivery: ClaimedMail) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Claims mails in batches: what comes while a batch is being claimed, or within ten milliseconds, is the next batch.
 * Alone, a claim goes at once. A batch that fails fails all its claims; their jobs come again.
 */
export class ClaimDelivery {
  private waiting: Waiting[] = [];
  private isClaiming = false;
  private beganAt = -Infinity;

  /** @param claimAll see DeliveryRepository.claim; no two mails of a batch are the same, because a mail is handled once at a time. */
  constructor(private readonly claimAll: (claims: readonly Claim[]) => Promise<readonly ClaimedMail[]>) {}

  /** The mail's row in the ledger. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  claim(claim: Claim): Promise<ClaimedMail> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ claim, resolve, reject });
      if (!this.isClaiming) void this.claimWaiting();
    });
  }

  /** Never rejects. */
  private async claimWaiting(): Promise<void> {
    this.isClaiming = true;
    while (this.waiting.length > 0) {
      const others = gathering(this.beganAt);
      if (others !== undefined) await others;
      this.beganAt = performance.now();
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        const mails = await this.claimAll(batch.map(({ claim }) => claim));
        void inSlices(batch, ({ resolve, reject }, index) => {
          const mail = mails[index];
          if (mail === undefined) reject(new Error('a claim was answered without its row'));
          else resolve(mail);
        });
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.isClaiming = false;
  }
}
