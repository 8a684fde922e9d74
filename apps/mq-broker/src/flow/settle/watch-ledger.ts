import type { Logger } from '@angarium/observability';
import type { SubscriptionCache } from '../../catalog/subscriptions/subscription-cache.js';
import type { Subscription } from '../../catalog/subscriptions/subscription.js';
import { Loop } from '../loop.js';
import type { Expired, LedgerRepository } from './ledger.repository.js';

const LOOK_MS = 200;
const EXPIRED_EVERY = 5;
const EXPIRED_COUNT = 200;

/** Finds what is due in the ledger, and what lost its owner there. One pass: one query; every fifth, the lapsed leases too. */
export class WatchLedger {
  private readonly loop: Loop;
  private passes = 0;

  constructor(
    private readonly ledger: LedgerRepository,
    private readonly subscriptions: SubscriptionCache,
    private readonly onDue: (subscription: Subscription) => void,
    /** A delivery whose lease ran out: a failed attempt. */
    private readonly onExpired: (subscription: Subscription, expired: Expired) => Promise<void>,
    logger: Logger,
  ) {
    this.loop = new Loop({ name: 'watch-ledger', everyMs: LOOK_MS, logger, pass: () => this.lookOnce() });
  }

  start(): void {
    this.loop.start();
  }

  /** Something was put there that is due now. */
  kick(): void {
    this.loop.kick();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  async lookOnce(): Promise<void> {
    if (this.passes++ % EXPIRED_EVERY === 0) {
      for (const expired of await this.ledger.expired(EXPIRED_COUNT)) {
        const subscription = this.subscriptions.get(expired.subscriptionId);
        if (subscription !== undefined) await this.onExpired(subscription, expired);
      }
    }
    for (const id of await this.ledger.dueSubscriptions()) {
      const subscription = this.subscriptions.get(id);
      if (subscription !== undefined) this.onDue(subscription);
    }
  }
}
