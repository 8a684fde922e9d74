import { defineConfig, loadConfig } from '@angarium/config';
import { providerChecks } from './provider-checks.js';
import { providerVariables } from './provider-variables.js';

const faults = (env: Record<string, string>): string[] => {
  try {
    loadConfig(defineConfig('sms-worker', providerVariables, providerChecks), env);
    return [];
  } catch (error) {
    return ((error as { details: { faults: string[] } }).details).faults;
  }
};
const sid = `AC${'0'.repeat(32)}`;

describe('the configuration of SMS providers', () => {
  it('may be empty: then no provider is switched on', () => {
    expect(faults({})).toEqual([]);
  });

  it('is complete with all variables of a provider', () => {
    expect(faults({ TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: 't', TWILIO_FROM: '+1', PUBLIC_URL: 'https://api.example.com/base' })).toEqual([]);
    expect(faults({ ALIYUN_ACCESS_KEY_ID: 'a', ALIYUN_ACCESS_KEY_SECRET: 's', ALIYUN_SMS_SIGN_NAME: 'n' })).toEqual([]);
    expect(faults({ TENCENT_SECRET_ID: 'a', TENCENT_SECRET_KEY: 's', TENCENT_SMS_SDK_APP_ID: '1', TENCENT_SMS_SIGN_NAME: 'n' })).toEqual([]);
  });

  it.each([
    [{ TWILIO_ACCOUNT_SID: sid, TWILIO_FROM: '+1' }, /^TWILIO_AUTH_TOKEN is missing/],
    [{ TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: 't' }, /^TWILIO_FROM is missing/],
    [{ TWILIO_ACCOUNT_SID: 'SK1', TWILIO_AUTH_TOKEN: 't', TWILIO_FROM: '+1' }, /^TWILIO_ACCOUNT_SID is no account id/],
    [{ ALIYUN_ACCESS_KEY_SECRET: 's' }, /^ALIYUN_ACCESS_KEY_ID, ALIYUN_SMS_SIGN_NAME are missing/],
    [{ TENCENT_SECRET_ID: 'a', TENCENT_SECRET_KEY: 's', TENCENT_SMS_SIGN_NAME: 'n' }, /^TENCENT_SMS_SDK_APP_ID is missing/],
    [{ SMS_RECEIPT_SECRET: 'too short' }, /^SMS_RECEIPT_SECRET does not fit/],
    [{ SMS_RECEIPT_CIDRS: '203.0.113.0/24, 10.0.0.0/33' }, /^SMS_RECEIPT_CIDRS holds "10.0.0.0\/33"/],
    [{ SMS_RECEIPT_CIDRS: '203.0.113.0' }, /^SMS_RECEIPT_CIDRS holds/],
    [{ PUBLIC_URL: 'https://api.example.com?a=1' }, /^PUBLIC_URL has a query/],
    [{ TWILIO_BASE_URL: 'https://api.twilio.com/path' }, /^TWILIO_BASE_URL is more than an origin/],
    [{ SMS_PRIVATE_HOSTS: '127.0.0.1:80, http://x' }, /^SMS_PRIVATE_HOSTS holds "http:\/\/x"/],
  ])('%j names what is wrong', (env, fault) => {
    expect(faults(env as unknown as Record<string, string>)).toEqual([expect.stringMatching(fault)]);
  });

  it('never shows a secret', () => {
    expect(faults({ SMS_RECEIPT_SECRET: 'hunter2' }).join()).not.toContain('hunter2');
  });
});
