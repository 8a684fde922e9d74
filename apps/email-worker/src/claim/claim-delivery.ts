import { gathering } from '../report/gathering.js';
import type { Claim, Delivery } from './delivery.repository.js';

const MAX_BATCH = 200;

/** A claim, and what it asks of the suppression list in the same breath. */
export interface MailClaim extends Claim {
  /** The recipients' address keys. */
  readonly addressKeys: readonly string[];
}

export interface ClaimedMail extends Delivery {
  /** Address keys that get nothing of this. */
  readonly suppressed: ReadonlySet<string>;
}

interface Waiting {
  readonly claim: MailClaim;
  readonly resolve: (delivery: ClaimedMail) => void;
  readonly reject: (error: unknown) => void;
}

export interface ClaimQueries {
  /** See DeliveryRepository.claim; no two mails of a batch are the same, because a mail is handled once at a time. */
  readonly claimAll: (claims: readonly Claim[]) => Promise<readonly Delivery[]>;
  /** Of each claim the address keys that are on the suppression list. */
  readonly suppressedOf: (claims: readonly MailClaim[]) => Promise<readonly ReadonlySet<string>[]>;
}

/**
 * Claims mails in batches: what comes while a batch is being claimed, or within ten milliseconds, is the next batch.
 * Alone, a claim goes at once. A batch that fails fails all its claims; their jobs come again.
 */
export class ClaimDelivery {
  private waiting: Waiting[] = [];
  private isClaiming = false;
  private beganAt = -Infinity;

  constructor(private readonly queries: ClaimQueries) {}

  /** The mail's row in the ledger. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  claim(claim: MailClaim): Promise<ClaimedMail> {
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
        const claims = batch.map(({ claim }) => claim);
        const [deliveries, suppressed] = await Promise.all([this.queries.claimAll(claims), this.queries.suppressedOf(claims)]);
        batch.forEach(({ resolve, reject }, index) => {
          const [delivery, keys] = [deliveries[index], suppressed[index]];
          if (delivery === undefined || keys === undefined) reject(new Error('a claim was answered without its row'));
          else resolve({ ...delivery, suppressed: keys });
        });
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.isClaiming = false;
  }
}
