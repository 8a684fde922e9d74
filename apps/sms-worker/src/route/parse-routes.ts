import { smsProviders, type SmsProviderName } from '@angarium/contracts';

/** Providers by country, in the order in which they are tried; `default` stands for all other countries. */
export type Routes = ReadonlyMap<string, readonly SmsProviderName[]>;

const names: ReadonlySet<string> = new Set(smsProviders);
const isProvider = (name: string): name is SmsProviderName => names.has(name);

/**
 * Reads SMS_ROUTES: `CN=aliyun>tencent,default=twilio`. Pure.
 * @returns the routes, or the fault as a sentence
 */
export function parseRoutes(text: string): Routes | string {
  const routes = new Map<string, readonly SmsProviderName[]>();
  for (const part of text.split(',').map((it) => it.trim())) {
    const [country = '', chain = '', ...rest] = part.split('=').map((it) => it.trim());
    if (rest.length > 0 || !/^([A-Z]{2}|default)$/.test(country)) return `"${part}" does not begin with a country of two capital letters, or default, and =.`;
    const providers = chain.split('>').map((it) => it.trim());
    const unknown = providers.find((it) => !isProvider(it));
    if (unknown !== undefined) return `"${unknown}" is no provider; there are ${smsProviders.join(', ')}.`;
    if (routes.has(country)) return `${country} has two routes.`;
    routes.set(country, [...new Set(providers.filter(isProvider))]);
  }
  return routes;
}
