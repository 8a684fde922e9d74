import type { CancelVerification, CheckVerification, PayloadOf, ResponseOf } from '@angarium/contracts';
import type { Logger } from '@angarium/observability';
import { parsePhone } from '../compose/parse-phone.js';
import { SmsErrors } from '../errors.js';
import type { PhoneDigest } from '../limit/phone-digest.js';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { CodeKeeper } from './code-keeper.js';
import { MAX_ATTEMPTS, type VerificationRepository } from './verification.repository.js';

type Checked = ResponseOf<typeof CheckVerification>;

export interface CheckCodeParts {
  readonly verifications: VerificationRepository;
  readonly codes: CodeKeeper;
  readonly digest: PhoneDigest;
  readonly metrics: SmsMetrics;
  readonly logger: Logger;
  readonly defaultRegion: string;
}

/** Checks codes: five tries, however many ask at once; right once, for one purpose and one phone. */
export class CheckCode {
  constructor(private readonly parts: CheckCodeParts) {}

  /** @throws VERIFICATION_NOT_FOUND, SMS_PHONE_INVALID, SECRET_BROKEN, DATABASE_UNAVAILABLE */
  async check(tenant: string, { verificationId, phone, purpose, sealedCode }: PayloadOf<typeof CheckVerification>): Promise<Checked> {
    const { verifications, codes, metrics, logger } = this.parts;
    const code = codes.openGiven(sealedCode, tenant);
    const phoneHash = phone === undefined ? undefined : this.hashOf(phone);
    const id = verificationId ?? (await this.lastOf(tenant, phoneHash, purpose));
    const verification = await verifications.spendAttempt(tenant, id);
    if (verification === undefined) return this.answer(tenant, id, false);
    // another purpose or another phone than the code was sent for makes another digest: it is a wrong code like any other
    const place = { verificationId: id, purpose, phoneHash: phoneHash ?? verification.phoneHash };
    const isRight = codes.matches(code, verification.codeHash, place);
    // of several right answers at once, one closes it
    const isValid = isRight && (await verifications.close(tenant, id, 'approved'));
    if (!isRight && verification.attempts >= MAX_ATTEMPTS && (await verifications.close(tenant, id, 'max_attempts'))) metrics.countVerification('max_attempts');
    metrics.countVerification(isValid ? 'approved' : 'wrong');
    logger.info({ verificationId: id, attempts: verification.attempts, isValid }, 'verification code checked');
    return this.answer(tenant, id, isValid);
  }

  /** Ends it before its time. What is over already stays as it is. @throws VERIFICATION_NOT_FOUND, DATABASE_UNAVAILABLE */
  async cancel(tenant: string, verificationId: string): Promise<ResponseOf<typeof CancelVerification>> {
    const { verifications, metrics } = this.parts;
    if (await verifications.close(tenant, verificationId, 'canceled')) metrics.countVerification('canceled');
    const { status } = await this.answer(tenant, verificationId, false);
    return { verificationId, status };
  }

  private async answer(tenant: string, verificationId: string, isValid: boolean): Promise<Checked> {
    const standing = await this.parts.verifications.standing(tenant, verificationId);
    if (standing === undefined) throw SmsErrors.VERIFICATION_NOT_FOUND(`There is no verification ${verificationId}. Begin one with POST /verifications.`);
    return { verificationId, isValid, status: standing.status, attemptsLeft: standing.status === 'pending' ? MAX_ATTEMPTS - standing.attempts : 0 };
  }

  private hashOf(text: string): string {
    const phone = parsePhone(text, this.parts.defaultRegion);
    if (phone === undefined) throw SmsErrors.SMS_PHONE_INVALID();
    return this.parts.digest.of(phone.e164);
  }

  private async lastOf(tenant: string, phoneHash: string | undefined, purpose: string): Promise<string> {
    const last = phoneHash === undefined ? undefined : await this.parts.verifications.findLast({ tenant, phoneHash, purpose });
    if (last === undefined) throw SmsErrors.VERIFICATION_NOT_FOUND('No verification of this purpose was begun for this phone. Begin one with POST /verifications.');
    return last.id;
  }
}
