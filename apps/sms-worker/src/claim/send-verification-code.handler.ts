import { SendVerificationCode, type PayloadOf } from '@angarium/contracts';
import { toAngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { JobContext, JobHandler } from '@angarium/queues';
import { parsePhones } from '../compose/parse-phone.js';
import { VERIFICATION_TEMPLATE } from '../compose/sms-template.js';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { CodeKeeper } from '../verify/code-keeper.js';
import type { VerificationRepository } from '../verify/verification.repository.js';
import type { SendToPhone, SentSms } from './send-to-phone.js';

const MINUTE_MS = 60_000;

export interface SendVerificationCodeParts {
  readonly sender: SendToPhone;
  readonly verifications: VerificationRepository;
  readonly codes: CodeKeeper;
  readonly metrics: SmsMetrics;
  readonly logger: Logger;
  readonly defaultRegion: string;
}

/** A code that somebody waits for: one that the caller made, or that of a verification, which is read here and nowhere before. */
export class SendVerificationCodeHandler implements JobHandler<typeof SendVerificationCode> {
  readonly contract = SendVerificationCode;

  constructor(private readonly parts: SendVerificationCodeParts) {}

  /** A verification that is over by now sends nothing. @throws what `SendToPhone` throws */
  async handle(order: PayloadOf<typeof SendVerificationCode>, context: JobContext): Promise<SentSms | { status: 'too-late' }> {
    const { sender, metrics, logger, defaultRegion } = this.parts;
    const [phone] = parsePhones([order.phone], defaultRegion);
    const secret = await this.codeOf(order, context.tenant);
    if (secret === undefined || phone === undefined) {
      logger.info({ jobId: context.jobId, verificationId: order.verificationId }, 'verification is over; its code is not sent');
      return { status: 'too-late' };
    }
    const { tenant, idempotencyKey, attempt, maxAttempts, isLastAttempt, signal } = context;
    const expiresIn = Math.max(1, Math.ceil(secret.leftMs / MINUTE_MS));
    const sms = {
      ...{ tenant, idempotencyKey, attempt, maxAttempts, isLastAttempt, signal, phone, position: 0, provider: order.provider, purpose: 'verification' as const },
      content: { templateKey: VERIFICATION_TEMPLATE, variables: { code: secret.code, expiresIn } },
      maxWaitMs: order.expiresIn * MINUTE_MS,
      validityMs: secret.leftMs,
    };
    const sent = await sender.send(sms).catch(async (error: unknown) => {
      if (toAngariumError(error).retry === 'never') await sender.endAt(context);
      throw error;
    });
    metrics.countVerification('sent');
    await context.progress(100);
    return sent;
  }

  private async codeOf({ code, verificationId, expiresIn }: PayloadOf<typeof SendVerificationCode>, tenant: string): Promise<{ code: string; leftMs: number } | undefined> {
    if (code !== undefined) return { code, leftMs: expiresIn * MINUTE_MS };
    const kept = verificationId === undefined ? undefined : await this.parts.verifications.findToSend(tenant, verificationId);
    if (kept === undefined) return undefined;
    return { code: this.parts.codes.open(kept.codeSealed, kept.id), leftMs: kept.leftMs };
  }
}
