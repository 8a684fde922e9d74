import { describeError, toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { jobIdOf, QueueErrors, type QueueService } from '@angarium/queues';
import { ProviderErrors } from '../deliver/provider-errors.js';
import { SmsErrors } from '../errors.js';
import type { RecordOutcome } from '../report/record-outcome.js';
import type { DeliveryRepository, OpenDelivery } from './delivery.repository.js';
import type { ReconcileDelivery } from './reconcile-delivery.js';

/** Longest pause between two passes. */
const MAX_PAUSE_MS = 30_000;
/** SMS of one pass; the rest is for the next one, or for another replica. */
const PER_PASS = 50;

export interface SettleAbandonedParts {
  readonly deliveries: Pick<DeliveryRepository, 'takeQuiet' | 'phoneOf'>;
  readonly queues: Pick<QueueService, 'getJob'>;
  readonly reconcile: Pick<ReconcileDelivery, 'mayBeSent'>;
  readonly recorder: Pick<RecordOutcome, 'record'>;
  readonly logger: Logger;
  /** How long nothing was heard of an SMS before it is looked at, and between two looks. */
  readonly quietMs: number;
}

/**
 * Finds out what became of SMS whose job is gone: its worker died while a provider was asked, and somebody removed the job, or it was
 * given up. Nothing else would move such a row but a receipt.
 *
 * An SMS whose job will come again is left to it. Of the others the provider is asked, at each look, until it says so or was asked often
 * enough (ReconcileDelivery): then the row is closed as unknown and sms.failed tells it. What the provider never saw has failed: nobody
 * is there to send it. Any number of replicas may run this; each SMS is taken by one of them.
 *
 * States: **resting** between passes; **passing**; **stopped**. A failure is logged and the next pass comes all the same.
 */
export class SettleAbandoned {
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<unknown> | undefined;

  constructor(private readonly parts: SettleAbandonedParts) {}

  /** Does not block. Idempotent. */
  start(): void {
    this.timer ??= setInterval(() => {
      this.passing ??= this.quietly().finally(() => (this.passing = undefined));
    }, Math.min(this.parts.quietMs, MAX_PAUSE_MS));
  }

  /** Resolves when the SMS that is being looked at is left. Idempotent. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.stopping.abort();
    await this.passing;
  }

  /** One pass. @returns how many SMS were looked at. @throws DATABASE_UNAVAILABLE, DATABASE_BUSY, REDIS_UNAVAILABLE */
  async pass(): Promise<number> {
    const quiet = await this.parts.deliveries.takeQuiet(this.parts.quietMs, PER_PASS);
    for (const delivery of quiet) {
      if (this.stopping.signal.aborted) break;
      if (!(await this.hasJob(delivery.idempotencyKey))) await this.settle(delivery);
    }
    return quiet.length;
  }

  /** Whether a job may come again that has this SMS, alone or in a batch (`<key>#<place>`). */
  private async hasJob(idempotencyKey: string): Promise<boolean> {
    const states = await Promise.all([idempotencyKey, idempotencyKey.replace(/#\d+$/, '')].map((key) => this.stateOf(jobIdOf(key))));
    return states.some((state) => state !== 'completed' && state !== 'failed' && state !== 'gone');
  }

  private async stateOf(jobId: string): Promise<string> {
    try {
      return (await this.parts.queues.getJob('sms', jobId)).state;
    } catch (error) {
      if (toAngariumError(error).code === QueueErrors.JOB_NOT_FOUND.code) return 'gone';
      throw error;
    }
  }

  private async settle(delivery: OpenDelivery): Promise<void> {
    const { deliveries, reconcile, recorder, logger } = this.parts;
    try {
      const isUnsent = await reconcile.mayBeSent(delivery, deliveries.phoneOf(delivery), this.stopping.signal);
      if (isUnsent) {
        const { code, message: reason } = SmsErrors.SMS_JOB_GONE();
        await recorder.record({ deliveryId: delivery.id }, { to: 'failed', code, reason, at: new Date() });
      }
      logger.info({ deliveryId: delivery.id, provider: delivery.provider }, 'SMS settled whose job is gone');
    } catch (error) {
      const { code, retry } = toAngariumError(error);
      if (retry === 'when-available') throw error;
      // nobody knows yet, or a worker lives that has it; one that cannot be settled spares the others
      const isExpected = code === ProviderErrors.SMS_OUTCOME_UNKNOWN.code || code === SmsErrors.SMS_IN_FLIGHT.code;
      logger[isExpected ? 'info' : 'warn']({ deliveryId: delivery.id, reason: describeError(error) }, 'SMS whose job is gone is not settled by this look');
    }
  }

  private async quietly(): Promise<void> {
    try {
      await this.pass();
    } catch (error) {
      this.parts.logger.warn({ reason: describeError(error) }, 'SMS whose job is gone could not be looked for; trying again');
    }
  }
}
