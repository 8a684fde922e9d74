import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sql } from '@angarium/database';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { Idempotency } from '@angarium/service-shell';
import { MqErrors } from '../../../errors.js';
import { HeldLease } from './held-lease.js';
import { IdempotencyKeyRepository, type Claim, type KeyState } from './idempotency-key.repository.js';

const KEEP_MS = 24 * 3_600_000;
const REMOVE_COUNT = 1_000;

export interface RunOnceOptions {
  readonly sql: Sql;
  readonly logger: Logger;
  /** A request that was not heard of for this long counts as dead, and its key may be taken over. Default 10 000 ms. */
  readonly leaseMs?: number;
  /** Default 3 000 ms. */
  readonly renewMs?: number;
  /** How often one that waits looks for the first answer. Default 100 ms. */
  readonly pollMs?: number;
  /** Longest wait for the first answer. Default 10 000 ms. */
  readonly waitMs?: number;
}

type Request = Parameters<Idempotency['run']>[0];
type Work = Parameters<Idempotency['run']>[1];
type Result = Awaited<ReturnType<Idempotency['run']>>;

/**
 * Lets requests under one Idempotency-Key run once, over all replicas: the first puts a marker into Postgres and works, the others wait
 * for its answer and repeat it. Answers of success are kept for 24 hours; a failure takes the marker away, so that the caller may try again.
 *
 * A marker is **held** (renewed while the work runs), then **answered**, removed, or **lapsed** when its replica died: then an equal request runs
 * again, although the dead one may have taken effect. What must not happen twice even then needs an id of its own: messages that name none get one
 * from the key and the request (see derive-ids.ts), and their topic knows it for its dedupWindowMs.
 */
export class RunOnce implements Idempotency {
  private readonly keys: IdempotencyKeyRepository;

  constructor(private readonly options: RunOnceOptions) {
    this.keys = new IdempotencyKeyRepository(options.sql);
  }

  /**
   * @throws MQ_IDEMPOTENCY_MISMATCH for another request under a key that was used; MQ_IDEMPOTENCY_IN_PROGRESS when the first one takes too long;
   * DATABASE_UNAVAILABLE, DATABASE_BUSY before the work began; what `work` throws.
   */
  async run(request: Request, work: Work): Promise<Result> {
    const { leaseMs = 10_000, pollMs = 100, waitMs = 10_000 } = this.options;
    const { caller, contract, key } = request;
    const claim = { tenantId: caller.tenantId, key, route: contract.id, bodyHash: hashOf(request), leaseToken: randomUUID(), leaseMs, keepMs: KEEP_MS };
    const deadline = performance.now() + waitMs;
    for (let mayBeFree = true; ; ) {
      if (mayBeFree && (await this.keys.claim(claim))) return { isReplay: false, answer: await this.runFirst(claim, contract.status, work) };
      const state = await this.keys.read(claim);
      if (state.kind !== 'free' && state.bodyHash !== claim.bodyHash) throw MqErrors.MQ_IDEMPOTENCY_MISMATCH();
      if (state.kind === 'answered') return { isReplay: true, answer: parsed(state) };
      mayBeFree = state.kind === 'free' || state.isLapsed;
      if (performance.now() >= deadline) throw MqErrors.MQ_IDEMPOTENCY_IN_PROGRESS();
      if (!mayBeFree) await pause(pollMs);
    }
  }

  /** Removes answers that are older than a day. Idempotent; replicas may do it at once. @returns how many. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async removeExpired(): Promise<number> {
    let total = 0;
    for (;;) {
      const count = await this.keys.removeExpired(REMOVE_COUNT);
      total += count;
      if (count < REMOVE_COUNT) return total;
    }
  }

  private async runFirst(claim: Claim, status: number, work: Work): Promise<unknown> {
    const lease = this.hold(claim);
    try {
      const answer = await work();
      await this.remember(claim, status, answer);
      return answer;
    } catch (error) {
      await this.keys.release(claim).catch(this.told(claim, 'an idempotency key could not be given back; it lapses by itself'));
      throw error;
    } finally {
      lease.stop();
    }
  }

  private hold(claim: Claim): HeldLease {
    const { renewMs = 3_000, logger } = this.options;
    return new HeldLease({
      everyMs: renewMs,
      renew: () => this.keys.renew(claim),
      onLost: () => logger.warn({ route: claim.route, tenant: claim.tenantId }, 'an idempotency key was taken over while its request still ran'),
      onFailure: this.told(claim, 'an idempotency key could not be renewed; trying again'),
    });
  }

  /** The work is done, so its answer goes to the caller even where it cannot be kept. */
  private async remember(claim: Claim, status: number, answer: unknown): Promise<void> {
    const text = answer === undefined ? null : JSON.stringify(answer);
    const failed = this.told(claim, 'the answer under an idempotency key could not be kept');
    try {
      if (!(await this.keys.store(claim, status, text))) failed(new Error('the key was taken over'));
    } catch (error) {
      failed(error);
    }
  }

  /** The key itself is the caller's, and no matter for a log. */
  private told({ route, tenantId }: Claim, what: string): (error: unknown) => void {
    return (error) => this.options.logger.warn({ route, tenant: tenantId, reason: describeError(error) }, what);
  }
}

function parsed({ answer }: Extract<KeyState, { kind: 'answered' }>): unknown {
  return answer === null ? undefined : JSON.parse(answer);
}

/** Equal requests only: the same route, path and body. */
function hashOf({ contract, path, body }: Request): string {
  return createHash('sha256').update(`${contract.method} ${path}\n${JSON.stringify(body) ?? ''}`).digest('hex');
}
