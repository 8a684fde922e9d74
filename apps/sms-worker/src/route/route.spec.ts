import type { SmsProviderName } from '@angarium/contracts';
import type { SmsProvider } from '../deliver/sms-provider.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { parseRoutes, type Routes } from './parse-routes.js';
import { ProviderChain } from './provider-chain.js';

const provider = (name: SmsProviderName): [SmsProviderName, SmsProvider] => [name, { name, takesFreeText: true, takesTemplates: true, send: () => Promise.reject(new Error('not called')) }];
const circuit = { failures: 2, openMs: 1_000 };
const names = (chain: readonly SmsProvider[]) => chain.map(({ name }) => name);

describe('the chain of providers', () => {
  const chain = new ProviderChain(new Map([provider('aliyun'), provider('tencent'), provider('twilio')]), parseRoutes('CN=aliyun>tencent, default=twilio') as Routes, circuit);

  it('is that of the country, and the default one for all others', () => {
    expect(names(chain.of('CN'))).toEqual(['aliyun', 'tencent']);
    expect(names(chain.of('DE'))).toEqual(['twilio']);
  });

  it('is the one provider that the order names, and nobody else', () => {
    expect(names(chain.of('CN', 'twilio'))).toEqual(['twilio']);
    expect(() => chain.of('CN', 'sandbox')).toThrow(/sandbox is not configured/);
  });

  it('says what to set where nothing can carry an SMS: credentials when there are none, a route when one is missing', () => {
    expect(() => new ProviderChain(new Map(), undefined, circuit).of('CN')).toThrow(/No SMS provider is configured\..*TWILIO_, ALIYUN_ or TENCENT_ variables/);
    const chinese = new ProviderChain(new Map([provider('aliyun')]), parseRoutes('CN=aliyun') as Routes, circuit);
    expect(() => chinese.of('DE')).toThrow(/SMS_ROUTES of the SMS worker has no provider for DE\. Add DE=/);
  });

  it('may not name a provider that is not configured', () => {
    expect(() => new ProviderChain(new Map([provider('twilio')]), parseRoutes('CN=aliyun') as Routes, circuit)).toThrow(/SMS_ROUTES names aliyun/);
  });

  it.each(['CN', 'cn=aliyun', 'CN=nobody', 'CN=aliyun,CN=twilio', 'CN=aliyun>', ''])('%j is no route, and the fault says why', (text) => {
    expect(parseRoutes(text)).toEqual(expect.any(String));
  });
});

describe('a circuit breaker', () => {
  it('opens after failures in a row, lets one call try after a while, and closes when that one succeeds', () => {
    let now = 0;
    const breaker = new CircuitBreaker({ ...circuit, now: () => now });
    breaker.failed();
    breaker.succeeded();
    breaker.failed();
    expect(breaker.tryPass()).toBe(true);
    breaker.failed();
    expect(breaker.tryPass()).toBe(false);
    now = 1_000;
    expect([breaker.tryPass(), breaker.tryPass()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.tryPass(), breaker.tryPass()]).toEqual([true, true]);
  });

  it('stays open when the one that tried fails', () => {
    let now = 0;
    const breaker = new CircuitBreaker({ ...circuit, now: () => now });
    breaker.failed();
    breaker.failed();
    now = 1_500;
    expect(breaker.tryPass()).toBe(true);
    breaker.failed();
    now = 2_400;
    expect(breaker.tryPass()).toBe(false);
  });
});
