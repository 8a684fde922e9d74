import {
  databaseVariables,
  defineConfig,
  queueVariables,
  redisVariables,
  sealVariables,
  serviceVariables,
  transportVariables,
  variable,
  type ConfigOf,
} from '@angarium/config';
import { getCountries } from 'libphonenumber-js/max';
import { parsePrices } from './limit/parse-prices.js';
import { providerChecks } from './provider-checks.js';
import { providerVariables } from './provider-variables.js';
import { parseRoutes } from './route/parse-routes.js';

const count = (description: string, defaultCount: number, max = 1_000_000) => variable.integer({ description, unit: 'count', default: defaultCount, min: 1, max });

const sendingVariables = {
  SMS_WORKER_PORT: variable.port({ description: 'Port of the SMS worker (health and metrics).', default: 3032 }),
  SMS_WORKER_CONCURRENCY: count('How many SMS jobs one replica works on at a time.', 20, 500),
  SMS_JOBS_PER_SECOND: count('Most SMS jobs that are begun in a second, over all replicas.', 100, 100_000),
  SMS_DEFAULT_REGION: variable.text({
    description: 'Country whose national numbers are understood: with CN, 13800138000 is +8613800138000.',
    default: 'CN',
    pattern: /^[A-Z]{2}$/,
    expected: 'a country of two capital letters',
  }),
  SMS_COUNTRIES: variable.optionalText({ description: 'Countries to which SMS may go, by commas: CN,HK,SG. All others are refused. Left out: SMS_DEFAULT_REGION alone.' }),
  SMS_ROUTES: variable.optionalText({
    description: 'Providers by country, in the order in which they are tried: CN=aliyun>tencent,default=twilio. Left out: all that are configured.',
  }),
  SMS_RECONCILE_AFTER_MS: variable.integer({
    description: 'When a provider is first asked what became of an SMS that it did not answer; each pause after that is twice the one before.',
    unit: 'ms',
    default: 5_000,
    min: 10,
    max: 600_000,
  }),
  SMS_RECONCILE_TRIES: count('How often it is asked, before the SMS counts as unknown for good. It is never sent again blindly.', 6, 20),
  SMS_ABANDONED_AFTER_MS: variable.integer({
    description: 'When nothing was heard for so long of an SMS that a provider was asked to send, and its job is gone, the provider is asked what became of it; again after as long, SMS_RECONCILE_TRIES times in all.',
    unit: 'ms',
    default: 300_000,
    min: 1_000,
    max: 86_400_000,
  }),
  SMS_MAX_WAIT_MS: variable.integer({
    description: 'How long limits may hold an SMS back, before it fails with SMS_LIMITED. A batch waits 144 times as long.',
    unit: 'ms',
    default: 600_000,
    min: 0,
    max: 86_400_000,
  }),
  SMS_CIRCUIT_FAILURES: count('A provider that is away so many times in a row is left alone for SMS_CIRCUIT_OPEN_MS, by each replica.', 5, 1_000),
  SMS_CIRCUIT_OPEN_MS: variable.integer({ description: 'How long a provider that is away is left alone.', unit: 'ms', default: 30_000, min: 10, max: 3_600_000 }),
};

const limitVariables = {
  SMS_PHONE_PER_MINUTE: count('Most SMS to one phone in any minute; codes and other messages are counted apart.', 1, 1_000),
  SMS_PHONE_PROVIDER_PER_MINUTE: count('Most SMS to one phone through one provider in any minute, codes and messages together.', 10, 1_000),
  SMS_PROVIDER_PER_SECOND: count('Most SMS through one provider in a second, as your contract with it allows.', 50, 100_000),
  SMS_PROVIDER_PER_MINUTE: variable.integer({ description: 'Most SMS through one provider in a minute. 0: no such limit.', unit: 'count', default: 0, min: 0, max: 10_000_000 }),
  SMS_PREFIX_PER_MINUTE: count('Most SMS in a minute to numbers that have their first seven digits in common.', 100),
  SMS_TENANT_PER_MINUTE: count('Most SMS of one tenant in a minute.', 600),
  SMS_TENANT_PER_DAY: count('Most SMS of one tenant on one day (UTC).', 20_000, 100_000_000),
  SMS_PRICES: variable.text({ description: 'Price of one segment by country, in the currency of SMS_SPEND_PER_DAY: CN=0.05,US=0.01,default=0.1.', default: 'default=0.1' }),
  SMS_SPEND_PER_DAY: count('What the SMS of one tenant may cost on one day (UTC), reckoned by SMS_PRICES.', 1_000, 100_000_000),
};

const verificationVariables = {
  VERIFICATION_SECRET: variable.text({
    description: 'Secret of the digests of verification codes and phones. The same for every replica; a new one makes living codes wrong. npm start makes one.',
    minLength: 32,
    secret: true,
  }),
  VERIFICATION_LIFE_MS: variable.integer({ description: 'How long a verification code may be used.', unit: 'ms', default: 300_000, min: 1_000, max: 3_600_000 }),
  VERIFICATION_RESEND_MS: variable.integer({ description: 'First pause before a code may be sent again; each is twice the one before.', unit: 'ms', default: 60_000, min: 100, max: 600_000 }),
  VERIFICATION_PER_PHONE_HOUR: count('Most codes to one phone in any hour.', 10, 1_000),
  VERIFICATION_PER_CLIENT_HOUR: count('Most codes that one client address may ask for in any hour, where the caller tells it.', 20, 1_000),
};

/** Everything the SMS worker can be told from outside. */
export const smsWorkerConfig = defineConfig(
  'sms-worker',
  {
    ...sendingVariables,
    ...limitVariables,
    ...verificationVariables,
    ...providerVariables,
    ...serviceVariables,
    ...redisVariables,
    ...transportVariables,
    ...databaseVariables,
    ...queueVariables,
    ...sealVariables,
  },
  [
    ({ SMS_ROUTES }) => faultOf('SMS_ROUTES', SMS_ROUTES === undefined ? undefined : parseRoutes(SMS_ROUTES)),
    ({ SMS_PRICES }) => faultOf('SMS_PRICES', parsePrices(SMS_PRICES)),
    (config) => {
      const unknown = countriesOf(config).filter((it) => !known.has(it));
      return unknown.length === 0 ? undefined : `SMS_COUNTRIES or SMS_DEFAULT_REGION has ${unknown.join(', ')}, which is no country; expected two capital letters each: CN,HK.`;
    },
    ...providerChecks,
  ],
);
export type SmsWorkerConfig = ConfigOf<typeof smsWorkerConfig>;

const known: ReadonlySet<string> = new Set(getCountries());

/** The countries to which SMS may go. */
export function countriesOf({ SMS_COUNTRIES, SMS_DEFAULT_REGION }: { SMS_COUNTRIES: string | undefined; SMS_DEFAULT_REGION: string }): string[] {
  return SMS_COUNTRIES === undefined ? [SMS_DEFAULT_REGION] : SMS_COUNTRIES.split(',').map((it) => it.trim());
}

function faultOf(name: string, parsed: unknown): string | undefined {
  return typeof parsed === 'string' ? `${name}: ${parsed}` : undefined;
}
