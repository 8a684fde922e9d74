import { randomUUID } from 'node:crypto';
import { SendVerificationCode, type PayloadOf, type ResponseOf, type StartVerification } from '@angarium/contracts';
import type { SharedLimits } from '@angarium/limits';
import type { Logger } from '@angarium/observability';
import { JobPriority, type QueueService } from '@angarium/queues';
import { SHORT_WAIT_MS } from '../claim/send-to-phone.js';
import { parsePhones, type Phone } from '../compose/parse-phone.js';
import type { PhoneDigest } from '../limit/phone-digest.js';
import { limitedError, type SmsLimit, type SmsLimits } from '../limit/sms-limits.js';
import type { ProviderChain } from '../route/provider-chain.js';
import type { SmsMetrics } from '../report/sms-metrics.js';
import type { CodeKeeper } from './code-keeper.js';
import type { NewVerification, StartSettings, Verification, VerificationRepository, VerificationSubject } from './verification.repository.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface StartCodeSettings extends StartSettings {
  readonly defaultRegion: string;
  /** Codes that one phone may be sent in an hour. */
  readonly perPhoneHour: number;
  /** Codes that one client address may ask for in an hour. */
  readonly perClientHour: number;
}

export interface StartCodeParts {
  readonly chain: Pick<ProviderChain, 'of'>;
  readonly verifications: VerificationRepository;
  readonly codes: CodeKeeper;
  readonly digest: PhoneDigest;
  readonly limits: SmsLimits;
  readonly shared: SharedLimits;
  readonly queues: QueueService;
  readonly metrics: SmsMetrics;
  readonly logger: Logger;
  readonly settings: StartCodeSettings;
}

type Started = Verification & { readonly due: 'new' | 'again' | 'not-yet' };

/** Makes a code and orders its SMS; within its life the same code again. */
export class StartCode {
  constructor(private readonly parts: StartCodeParts) {}

  /**
   * The answer looks the same whether the phone exists or not. A call that comes before `resendAfter` sends nothing more. Nor
   * does one that a limit holds back: a code that lives is told with the wait, one that does not is not begun (SMS_LIMITED).
   * @throws SMS_PHONE_INVALID, SMS_COUNTRY_REFUSED, SMS_NO_PROVIDER, SMS_LIMITED, DATABASE_UNAVAILABLE, REDIS_UNAVAILABLE
   */
  async start(tenant: string, { phone: text, purpose, clientKey }: PayloadOf<typeof StartVerification>): Promise<ResponseOf<typeof StartVerification>> {
    const { chain, codes, digest, limits, metrics, logger, settings } = this.parts;
    const [phone] = parsePhones([text], settings.defaultRegion);
    if (phone === undefined) throw new Error('parsePhones answered a phone with none');
    limits.requireCountry(phone);
    // who waits for a code that nobody can send would wait in vain
    chain.of(phone.country);
    await this.requireRoom(phone.e164, clientKey);
    const phoneHash = digest.of(phone.e164);
    const id = randomUUID();
    const code = codes.make();
    const made = { id, codeHash: codes.hash(code, { verificationId: id, purpose, phoneHash }), codeSealed: codes.seal(code, id) };
    const started = await this.startOrHold({ tenant, phoneHash, purpose }, phone, made);
    // also when nothing is due: had the worker died before it ordered the last SMS, this orders it; otherwise its key is known
    await this.order(phone.e164, started);
    if (started.due !== 'not-yet') {
      await this.takeRoom(phone.e164, clientKey);
      metrics.countVerification(started.due === 'new' ? 'started' : 'resent');
      logger.info({ verificationId: started.id, sends: started.sends }, started.due === 'new' ? 'verification started' : 'verification code sent again');
    }
    return {
      verificationId: started.id,
      isSent: started.due !== 'not-yet',
      expiresAt: started.expiresAt.toISOString(),
      // Postgres keeps whole milliseconds, and so a fraction more than was asked for
      resendAfter: Math.ceil(Math.floor(started.resendAfterMs) / 1000),
    };
  }

  /** Says `not-yet`, with the longest wait, where a limit would keep the SMS longer than a sender waits for it: who asks must not look for a code in vain. */
  private async startOrHold(subject: VerificationSubject, phone: Phone, made: NewVerification): Promise<Started> {
    const { limits, metrics, settings, verifications } = this.parts;
    const refusals = await limits.refusals({ tenant: subject.tenant, phone, purpose: 'verification', segments: 1 }, undefined);
    const longest = refusals.filter(({ waitMs }) => waitMs > SHORT_WAIT_MS).sort((a, b) => b.waitMs - a.waitMs)[0];
    if (longest === undefined) return verifications.startOrResume(subject, made, settings);
    const living = await verifications.findLiving(subject);
    if (living !== undefined && Number.isFinite(longest.waitMs)) return { ...living, due: 'not-yet', resendAfterMs: Math.max(living.resendAfterMs, longest.waitMs) };
    metrics.countLimited(longest.limit.rule);
    throw limitedError(longest.limit, longest.waitMs);
  }

  /** The job holds the id of the verification; the code stays in the database until it is sent. */
  private async order(phone: string, { id, sends }: { id: string; sends: number }): Promise<void> {
    const { queues, settings } = this.parts;
    const expiresIn = Math.max(1, Math.ceil(settings.lifeMs / MINUTE_MS));
    await queues.add(SendVerificationCode, { phone, verificationId: id, expiresIn }, { idempotencyKey: `verification:${id}:${sends}`, priority: JobPriority.CRITICAL });
  }

  private async requireRoom(phone: string, clientKey: string | undefined): Promise<void> {
    const verdict = await this.parts.shared.peek(this.limitsOf(phone, clientKey));
    if (verdict.isGranted) return;
    this.parts.metrics.countLimited(verdict.limit.rule);
    throw limitedError(verdict.limit, verdict.waitMs);
  }

  private async takeRoom(phone: string, clientKey: string | undefined): Promise<void> {
    await this.parts.shared.take(this.limitsOf(phone, clientKey));
  }

  private limitsOf(phone: string, clientKey: string | undefined): SmsLimit[] {
    const { perPhoneHour, perClientHour } = this.parts.settings;
    const ofPhone: SmsLimit = {
      ...{ rule: 'codes-per-phone-and-hour', says: `At most ${perPhoneHour} codes an hour to one phone.` },
      ...{ name: `sms:codes:phone:${this.parts.digest.of(phone)}`, kind: 'sliding', capacity: perPhoneHour, windowMs: HOUR_MS },
    };
    if (clientKey === undefined) return [ofPhone];
    const ofClient: SmsLimit = {
      ...{ rule: 'codes-per-client-and-hour', says: `At most ${perClientHour} codes an hour for one address.` },
      ...{ name: `sms:codes:client:${this.parts.digest.of(clientKey)}`, kind: 'sliding', capacity: perClientHour, windowMs: HOUR_MS },
    };
    return [ofPhone, ofClient];
  }
}
