import type { SmsProviderName } from '@angarium/contracts';
import type { Limit, LimitVerdict, SharedLimits } from '@angarium/limits';
import type { Phone } from '../compose/parse-phone.js';
import { SmsErrors } from '../errors.js';
import type { PhoneDigest } from './phone-digest.js';
import { priceOf, type Prices } from './parse-prices.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Digits of a number that stand for a block of numbers, country code included. */
const PREFIX_DIGITS = 7;

export interface LimitSettings {
  readonly phonePerMinute: number;
  readonly phoneProviderPerMinute: number;
  readonly prefixPerMinute: number;
  readonly tenantPerMinute: number;
  readonly tenantPerDay: number;
  readonly providerPerSecond: number;
  /** 0: none. */
  readonly providerPerMinute: number;
  /** In the unit of `prices`, for one tenant and UTC day. */
  readonly spendPerDay: number;
  readonly prices: Prices;
  /** Countries to which SMS may go. */
  readonly countries: ReadonlySet<string>;
}

/** What the limits count of one SMS. */
export interface CountedSms {
  readonly tenant: string;
  readonly phone: Phone;
  /** Codes are counted apart from other messages: a shipping notice must not keep a code back. */
  readonly purpose: 'message' | 'verification';
  readonly segments: number;
}

/** A limit with the name that people know it by. */
export interface SmsLimit extends Limit {
  readonly rule: string;
  readonly says: string;
}

/**
 * The limits of SMS, shared by all replicas. Those of the recipient and the tenant are taken once for each SMS; those of the provider
 * for each time a provider is asked. All that belong to one moment are taken by one script, or none.
 */
export class SmsLimits {
  constructor(
    private readonly shared: SharedLimits,
    private readonly digest: PhoneDigest,
    private readonly settings: LimitSettings,
  ) {}

  /** @throws SMS_COUNTRY_REFUSED: what is not listed is refused, because fraud picks the countries where SMS are dear. */
  requireCountry({ country }: Phone): void {
    if (this.settings.countries.has(country)) return;
    throw SmsErrors.SMS_COUNTRY_REFUSED(`SMS to ${country} are not allowed. Add ${country} to SMS_COUNTRIES, if it is meant.`, { details: { country } });
  }

  /** Takes from all limits or from none. @param isFirst whether this SMS took nothing before. @throws REDIS_UNAVAILABLE */
  take(sms: CountedSms, provider: SmsProviderName, isFirst: boolean): Promise<LimitVerdict<SmsLimit>> {
    return this.shared.take([...(isFirst ? this.ofOrder(sms) : []), ...this.ofProvider(sms, provider)]);
  }

  /** The limits that would refuse now, each with its wait; takes nothing. @throws REDIS_UNAVAILABLE */
  async refusals(sms: CountedSms, provider: SmsProviderName | undefined): Promise<{ limit: SmsLimit; waitMs: number }[]> {
    const limits = [...this.ofOrder(sms), ...(provider === undefined ? [] : this.ofProvider(sms, provider))];
    const verdicts = await Promise.all(limits.map((limit) => this.shared.peek([limit])));
    return verdicts.flatMap((verdict) => (verdict.isGranted ? [] : [{ limit: verdict.limit, waitMs: verdict.waitMs }]));
  }

  /** What the SMS is reckoned to cost. */
  cost({ phone, segments }: Pick<CountedSms, 'phone' | 'segments'>): number {
    return priceOf(this.settings.prices, phone.country) * segments;
  }

  private ofOrder(sms: CountedSms): SmsLimit[] {
    const { phonePerMinute, prefixPerMinute, tenantPerMinute, tenantPerDay, spendPerDay } = this.settings;
    const { tenant, phone, purpose } = sms;
    const prefix = phone.e164.slice(1, 1 + PREFIX_DIGITS);
    return [
      {
        ...{ rule: 'phone-per-minute', says: `At most ${phonePerMinute} ${purpose === 'verification' ? 'code' : 'SMS'} a minute to one phone.` },
        ...{ name: `sms:phone:${purpose}:${this.digest.of(phone.e164)}`, kind: 'sliding', capacity: phonePerMinute, windowMs: MINUTE_MS },
      },
      {
        ...{ rule: 'prefix-per-minute', says: `At most ${prefixPerMinute} a minute to numbers that begin alike.` },
        ...{ name: `sms:prefix:${prefix}`, kind: 'rate', capacity: prefixPerMinute, windowMs: MINUTE_MS },
      },
      {
        ...{ rule: 'tenant-per-minute', says: `At most ${tenantPerMinute} a minute of one tenant.` },
        ...{ name: `sms:tenant:minute:${tenant}`, kind: 'rate', capacity: tenantPerMinute, windowMs: MINUTE_MS },
      },
      {
        ...{ rule: 'tenant-per-day', says: `At most ${tenantPerDay} a day (UTC) of one tenant.` },
        ...{ name: `sms:tenant:day:${tenant}`, kind: 'calendar', capacity: tenantPerDay, windowMs: DAY_MS },
      },
      {
        ...{ rule: 'spend-per-day', says: `SMS for at most ${spendPerDay} a day (UTC) of one tenant.` },
        ...{ name: `sms:spend:${tenant}`, kind: 'calendar', capacity: spendPerDay, windowMs: DAY_MS, cost: this.cost(sms) },
      },
    ];
  }

  private ofProvider({ phone }: CountedSms, provider: SmsProviderName): SmsLimit[] {
    const { phoneProviderPerMinute, providerPerSecond, providerPerMinute } = this.settings;
    const ofPhone: SmsLimit = {
      ...{ rule: 'phone-provider-per-minute', says: `At most ${phoneProviderPerMinute} a minute to one phone through one provider.` },
      ...{ name: `sms:phone-provider:${provider}:${this.digest.of(phone.e164)}`, kind: 'sliding', capacity: phoneProviderPerMinute, windowMs: MINUTE_MS },
    };
    const second: SmsLimit = {
      ...{ rule: 'provider-per-second', says: `At most ${providerPerSecond} a second through ${provider}.` },
      ...{ name: `sms:provider:second:${provider}`, kind: 'rate', capacity: providerPerSecond, windowMs: SECOND_MS },
    };
    const minute: SmsLimit = {
      ...{ rule: 'provider-per-minute', says: `At most ${providerPerMinute} a minute through ${provider}.` },
      ...{ name: `sms:provider:minute:${provider}`, kind: providerPerMinute <= 1_000 ? 'sliding' : 'rate', capacity: providerPerMinute, windowMs: MINUTE_MS },
    };
    return providerPerMinute === 0 ? [ofPhone, second] : [ofPhone, second, minute];
  }
}

/** A limit's refusal as an error: with the wait as its verdict, or `never` where waiting does not help. */
export function limitedError({ rule, says }: Pick<SmsLimit, 'rule' | 'says'>, waitMs: number) {
  const waitSeconds = Math.ceil(waitMs / 1000);
  if (!Number.isFinite(waitMs)) return SmsErrors.SMS_LIMITED(`${says} This is more than it ever allows.`, { retry: 'never', details: { rule } });
  return SmsErrors.SMS_LIMITED(`${says} Try again in ${waitSeconds} s (${rule}).`, { retry: { afterMs: waitMs }, details: { rule, waitSeconds } });
}
