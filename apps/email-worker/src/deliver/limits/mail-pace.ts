import { setTimeout as pause } from 'node:timers/promises';
import { ignoreError } from '@angarium/errors';
import type { Limit, SharedLimits } from '@angarium/limits';
import type { Logger } from '@angarium/observability';
import { EmailErrors } from '../../errors.js';

const SECOND_MS = 1_000;
/** A job that was put back does not come sooner: taking a job costs more than waiting. */
const PUT_BACK_MIN_MS = 250;
const PUT_BACK_SPREAD_MS = 500;
/** Nor later: the rate may have grown, or those in front of it may be gone. */
const PUT_BACK_MAX_MS = 60_000;
const MAX_TURNS = 10_000;
/** A domain that keeps saying "slower" still gets one mail in ten seconds, so that we notice when it stops. */
const SLOWEST_PER_SECOND = 0.1;

export interface MailPaceOptions {
  readonly limits: Pick<SharedLimits, 'take' | 'slowDown'>;
  /** Mails a second to one receiving domain, over all replicas; 0: no limit. */
  readonly domainRate: number;
  readonly logger: Logger;
  /** 0 to 1; tests put in their own. */
  readonly random?: () => number;
}

export interface PaceWait {
  readonly signal: AbortSignal;
  readonly patienceMs: number;
}

/** How fast mails go out, over all replicas: per sender, and per receiving domain as fast as it bears. One round trip to Redis a mail. */
export class MailPace {
  /** By limit: when the next mail that is put back here has its turn. All coming back at once would all be refused but one, again and again. */
  private readonly turns = new Map<string, number>();

  constructor(private readonly options: MailPaceOptions) {}

  /**
   * Takes one mail's share of its sender's and its domains' rates, and waits for it up to `patienceMs`.
   * @throws EMAIL_RATE_LIMITED with the wait; the reason of `signal` when it ends meanwhile.
   */
  async take(sender: { readonly key: string; readonly ratePerSecond: number }, domains: readonly string[], { signal, patienceMs }: PaceWait): Promise<void> {
    const limits = this.limitsOf(sender, domains);
    if (limits.length === 0) return;
    const until = performance.now() + patienceMs;
    for (;;) {
      const verdict = await this.options.limits.take(limits);
      if (verdict.isGranted) return;
      if (performance.now() + verdict.waitMs > until) throw this.refused(verdict.limit, verdict.waitMs);
      await pause(verdict.waitMs, undefined, { signal }).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
    }
  }

  /** These domains were asked too fast: from now on half as fast, growing back by a tenth of the full rate a minute. Does not wait. */
  slowDown(domains: readonly string[]): void {
    if (this.options.domainRate === 0) return;
    for (const domain of new Set(domains)) {
      this.options.logger.info({ domain }, 'a domain defers mails; it gets them half as fast');
      this.options.limits.slowDown(this.domainLimit(domain)).catch(ignoreError(this.options.logger, 'mail-pace.slow-down', 'the next deferral tries again'));
    }
  }

  private limitsOf({ key, ratePerSecond }: { readonly key: string; readonly ratePerSecond: number }, domains: readonly string[]): Limit[] {
    const ofSender: Limit[] = ratePerSecond === 0 ? [] : [{ name: `email:sender:${key}`, kind: 'rate', capacity: ratePerSecond, windowMs: SECOND_MS }];
    return this.options.domainRate === 0 ? ofSender : [...ofSender, ...[...new Set(domains)].map((domain) => this.domainLimit(domain))];
  }

  private domainLimit(domain: string): Limit {
    return { name: `email:domain:${domain}`, kind: 'adaptive', capacity: this.options.domainRate, windowMs: SECOND_MS, floor: SLOWEST_PER_SECOND };
  }

  private refused(limit: Limit, waitMs: number) {
    const { random = Math.random } = this.options;
    const afterMs = Math.ceil(Math.max(this.untilTurn(limit, waitMs), PUT_BACK_MIN_MS) + random() * PUT_BACK_SPREAD_MS);
    return EmailErrors.EMAIL_RATE_LIMITED(`The sender or a receiving domain gets no more mails for ${Math.ceil(waitMs)} ms. The mail waits.`, { retry: { afterMs } });
  }

  /** Gives out turns one after the other, as fast as the limit allows. Other replicas give out the same ones; who comes in vain gets another. */
  private untilTurn({ name, capacity, windowMs }: Limit, waitMs: number): number {
    const now = performance.now();
    if (this.turns.size >= MAX_TURNS) this.turns.clear();
    const turn = Math.min(Math.max(now + waitMs, this.turns.get(name) ?? 0), now + PUT_BACK_MAX_MS);
    this.turns.set(name, turn + windowMs / capacity);
    return turn - now;
  }
}
