import type { Egress } from '@angarium/egress';
import type { RedisConnection } from '@angarium/redis';
import { providerConfig, silentLogger } from '../testing/provider-ground.js';
import { createProviders } from './create-providers.js';

const names = (NODE_ENV: 'development' | 'test' | 'production', env: Record<string, string> = {}) => {
  const config = { ...providerConfig(env), NODE_ENV, REDIS_KEY_PREFIX: 'test' };
  return [...createProviders(config, {} as Egress, {} as RedisConnection, silentLogger).keys()];
};
const all = {
  ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 't', TWILIO_FROM: '+1' },
  ...{ ALIYUN_ACCESS_KEY_ID: 'a', ALIYUN_ACCESS_KEY_SECRET: 's', ALIYUN_SMS_SIGN_NAME: 'n' },
  ...{ TENCENT_SECRET_ID: 'a', TENCENT_SECRET_KEY: 's', TENCENT_SMS_SDK_APP_ID: '1', TENCENT_SMS_SIGN_NAME: 'n' },
};

describe('the providers of a worker', () => {
  it('are those with credentials', () => {
    expect(names('production', all)).toEqual(['aliyun', 'tencent', 'twilio']);
    expect(names('production', { ...all, TWILIO_ACCOUNT_SID: '' })).toEqual(['aliyun', 'tencent']);
  });

  it('have the sandbox among them everywhere but in production', () => {
    expect(names('development')).toEqual(['sandbox']);
    expect(names('test')).toEqual(['sandbox']);
    expect(names('production')).toEqual([]);
  });
});
