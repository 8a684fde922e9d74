import type { SmsProviderName } from '@angarium/contracts';
import type { Egress } from '@angarium/egress';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import type { ProviderConfig } from '../provider-variables.js';
import { SandboxProvider } from '../sandbox/sandbox.provider.js';
import { SandboxStore } from '../sandbox/sandbox-store.js';
import { AliyunProvider } from './aliyun/aliyun.provider.js';
import { ProviderClient } from './provider-call.js';
import type { SmsProvider } from './sms-provider.js';
import { TencentProvider } from './tencent/tencent.provider.js';
import { TwilioProvider } from './twilio/twilio.provider.js';

/** What of the service's configuration providers depend on. */
export type ProvidersConfig = ProviderConfig & { readonly NODE_ENV: 'development' | 'test' | 'production'; readonly REDIS_KEY_PREFIX: string };

/**
 * The providers that are configured, and outside production the sandbox. Opens nothing by itself.
 * @param config checked by `providerChecks`.
 */
export function createProviders(config: ProvidersConfig, egress: Egress, redis: RedisConnection, logger: Logger): ReadonlyMap<SmsProviderName, SmsProvider> {
  const client = new ProviderClient(egress, config.SMS_PROVIDER_TIMEOUT_MS);
  const providers = [aliyunOf(config, client), tencentOf(config, client), twilioOf(config, client), sandboxOf(config, redis)].filter((it) => it !== undefined);
  logger.info({ providers: providers.map(({ name }) => name) }, 'SMS providers');
  return new Map(providers.map((it) => [it.name, it]));
}

function twilioOf(config: ProvidersConfig, client: ProviderClient): SmsProvider | undefined {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from, TWILIO_MESSAGING_SERVICE_SID: messagingServiceSid } = config;
  if (accountSid === undefined || authToken === undefined) return undefined;
  return new TwilioProvider(client, { accountSid, authToken, from, messagingServiceSid, baseUrl: config.TWILIO_BASE_URL, publicUrl: config.PUBLIC_URL });
}

function aliyunOf(config: ProvidersConfig, client: ProviderClient): SmsProvider | undefined {
  const { ALIYUN_ACCESS_KEY_ID: accessKeyId, ALIYUN_ACCESS_KEY_SECRET: accessKeySecret, ALIYUN_SMS_SIGN_NAME: signName } = config;
  if (accessKeyId === undefined || accessKeySecret === undefined || signName === undefined) return undefined;
  return new AliyunProvider(client, { accessKeyId, accessKeySecret, signName, baseUrl: config.ALIYUN_SMS_BASE_URL });
}

function tencentOf(config: ProvidersConfig, client: ProviderClient): SmsProvider | undefined {
  const { TENCENT_SECRET_ID: secretId, TENCENT_SECRET_KEY: secretKey, TENCENT_SMS_SDK_APP_ID: sdkAppId, TENCENT_SMS_SIGN_NAME: signName } = config;
  if (secretId === undefined || secretKey === undefined || sdkAppId === undefined || signName === undefined) return undefined;
  return new TencentProvider(client, { secretId, secretKey, sdkAppId, signName, region: config.TENCENT_SMS_REGION, baseUrl: config.TENCENT_SMS_BASE_URL });
}

function sandboxOf({ NODE_ENV, REDIS_KEY_PREFIX }: ProvidersConfig, redis: RedisConnection): SmsProvider | undefined {
  return NODE_ENV === 'production' ? undefined : new SandboxProvider(new SandboxStore(redis, REDIS_KEY_PREFIX));
}
