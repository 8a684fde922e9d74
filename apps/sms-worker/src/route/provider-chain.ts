import type { SmsProviderName } from '@angarium/contracts';
import type { SmsProvider } from '../deliver/sms-provider.js';
import { SmsErrors } from '../errors.js';
import { CircuitBreaker, type CircuitOptions } from './circuit-breaker.js';
import type { Routes } from './parse-routes.js';

export type Providers = ReadonlyMap<SmsProviderName, SmsProvider>;

/** Which providers may carry an SMS, and in which order. */
export class ProviderChain {
  private readonly breakers: ReadonlyMap<SmsProviderName, CircuitBreaker>;

  /**
   * @param routes of SMS_ROUTES; left out: all providers, in the order in which they are configured
   * @throws SMS_ROUTES_INVALID where a route names a provider that is not configured
   */
  constructor(
    private readonly providers: Providers,
    private readonly routes: Routes | undefined,
    circuit: CircuitOptions,
  ) {
    const named = [...(routes?.values() ?? [])].flat();
    const unknown = [...new Set(named.filter((name) => !providers.has(name)))];
    if (unknown.length > 0) throw SmsErrors.SMS_ROUTES_INVALID(`SMS_ROUTES names ${unknown.join(', ')}, of which no credentials are configured. Set them, or change SMS_ROUTES.`);
    this.breakers = new Map([...providers.keys()].map((name) => [name, new CircuitBreaker(circuit)]));
  }

  /** The providers for a country, or the one that the order names. @throws SMS_NO_PROVIDER where there is none */
  of(country: string, wanted?: SmsProviderName): SmsProvider[] {
    const names = wanted !== undefined ? [wanted] : (this.routes?.get(country) ?? this.routes?.get('default') ?? (this.routes === undefined ? [...this.providers.keys()] : []));
    const chain = names.flatMap((name) => this.providers.get(name) ?? []);
    if (chain.length > 0) return chain;
    throw SmsErrors.SMS_NO_PROVIDER(wanted === undefined ? this.whyNone(country) : `The provider ${wanted} is not configured. Leave provider out, or configure it.`);
  }

  private whyNone(country: string): string {
    if (this.providers.size === 0) return 'No SMS provider is configured. Give the SMS worker the credentials of one: its TWILIO_, ALIYUN_ or TENCENT_ variables. The sandbox is not there with NODE_ENV=production.';
    return `SMS_ROUTES of the SMS worker has no provider for ${country}. Add ${country}=…, or default=….`;
  }

  /** A provider that is configured. */
  get(name: string): SmsProvider | undefined {
    return this.providers.get(name as SmsProviderName);
  }

  breaker(name: SmsProviderName): CircuitBreaker {
    const breaker = this.breakers.get(name);
    if (breaker === undefined) throw SmsErrors.SMS_NO_PROVIDER(`The provider ${name} is not configured.`);
    return breaker;
  }
}
