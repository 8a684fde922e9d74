import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { VerificationRepository } from './verification.repository.js';

const INTERVAL_MS = 30_000;
/** Closed verifications are kept for questions of users; 30 days. */
const KEEP_MS = 30 * 86_400_000;

/**
 * Forgets the codes of verifications whose time is over. A code is refused from that moment on, whether this ran or not: it only keeps
 * the table clean. Any number of replicas may run it.
 *
 * States: **resting** between passes; **passing**; **stopped**. A failure is logged and the next pass comes all the same.
 */
export class ExpireVerifications {
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<void> = Promise.resolve();

  constructor(
    private readonly verifications: VerificationRepository,
    private readonly metrics: SmsMetrics,
    private readonly logger: Logger,
  ) {}

  /** Does not block. Idempotent. */
  start(): void {
    this.timer ??= setInterval(() => {
      this.passing = this.quietly();
    }, INTERVAL_MS);
  }

  /** Resolves when the pass that runs is over. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.passing;
  }

  /** One pass. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async pass(): Promise<number> {
    const count = await this.verifications.expire(KEEP_MS);
    if (count > 0) this.metrics.countVerification('expired', count);
    return count;
  }

  private async quietly(): Promise<void> {
    try {
      await this.pass();
    } catch (error) {
      this.logger.warn({ reason: describeError(error) }, 'codes that are over could not be forgotten; trying again');
    }
  }
}
