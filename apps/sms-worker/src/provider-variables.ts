import { publicVariables, variable, type ConfigOf, type ConfigDefinition } from '@angarium/config';

const publicHosts = { protocols: ['https', 'http'], secret: false } as const;

const twilioVariables = {
  TWILIO_ACCOUNT_SID: variable.optionalText({ description: 'Twilio account (AC…). Together with TWILIO_AUTH_TOKEN and a sender it switches Twilio on.' }),
  TWILIO_AUTH_TOKEN: variable.optionalText({ description: 'Primary auth token of the Twilio account; receipts are verified by it, too.', secret: true }),
  TWILIO_FROM: variable.optionalText({ description: 'Sender number or name of SMS by Twilio. Left out: TWILIO_MESSAGING_SERVICE_SID.' }),
  TWILIO_MESSAGING_SERVICE_SID: variable.optionalText({ description: 'Messaging service (MG…) that chooses the sender; goes before TWILIO_FROM.' }),
  TWILIO_BASE_URL: variable.url({ description: 'API of Twilio.', default: 'https://api.twilio.com', ...publicHosts }),
};

const aliyunVariables = {
  ALIYUN_ACCESS_KEY_ID: variable.optionalText({ description: 'Access key of Aliyun. Together with ALIYUN_ACCESS_KEY_SECRET and ALIYUN_SMS_SIGN_NAME it switches Aliyun on.' }),
  ALIYUN_ACCESS_KEY_SECRET: variable.optionalText({ description: 'Secret of the access key of Aliyun.', secret: true }),
  ALIYUN_SMS_SIGN_NAME: variable.optionalText({ description: 'Approved signature of SMS by Aliyun whose template names none.' }),
  ALIYUN_SMS_BASE_URL: variable.url({ description: 'API of Aliyun SMS.', default: 'https://dysmsapi.aliyuncs.com', ...publicHosts }),
};

const tencentVariables = {
  TENCENT_SECRET_ID: variable.optionalText({
    description: 'Secret id of Tencent Cloud. Together with TENCENT_SECRET_KEY, TENCENT_SMS_SDK_APP_ID and TENCENT_SMS_SIGN_NAME it switches Tencent on.',
  }),
  TENCENT_SECRET_KEY: variable.optionalText({ description: 'Secret key of Tencent Cloud.', secret: true }),
  TENCENT_SMS_SDK_APP_ID: variable.optionalText({ description: 'SMS application of Tencent Cloud, such as 1400006666.' }),
  TENCENT_SMS_SIGN_NAME: variable.optionalText({ description: 'Content of the approved signature of SMS by Tencent whose template names none.' }),
  TENCENT_SMS_REGION: variable.text({ description: 'Region of the API of Tencent Cloud SMS.', default: 'ap-guangzhou' }),
  TENCENT_SMS_BASE_URL: variable.url({ description: 'API of Tencent Cloud SMS.', default: 'https://sms.tencentcloudapi.com', ...publicHosts }),
};

/** Everything about providers that the SMS worker can be told from outside. A provider without credentials is switched off. */
export const providerVariables = {
  ...twilioVariables,
  ...aliyunVariables,
  ...tencentVariables,
  SMS_PROVIDER_TIMEOUT_MS: variable.integer({
    description: 'Longest wait for the answer of a provider; after that the outcome of an SMS is unknown and has to be asked for.',
    unit: 'ms',
    default: 15_000,
    min: 100,
    max: 50_000,
  }),
  SMS_PRIVATE_HOSTS: variable.optionalText({
    description: 'Hosts (or host:port), by commas, that providers may have although their address is private; http:// is allowed for these. For development and tests.',
  }),
  ...publicVariables,
  SMS_RECEIPT_SECRET: variable.optionalText({
    description: 'Last part of the addresses that Aliyun and Tencent send receipts to, /sms/receipts/<provider>/<secret>: 24 to 100 letters, digits, - or _. Left out: their receipts are refused.',
    secret: true,
  }),
  SMS_RECEIPT_CIDRS: variable.optionalText({
    description:
      'Networks, by commas, that receipts of Aliyun and Tencent are taken from, such as 203.0.113.0/24,2001:db8::/32, by the address that connects to the gateway (behind a proxy: the proxy). Left out: from anywhere.',
  }),
};

/** The part of a configuration that is about providers. */
export type ProviderConfig = ConfigOf<ConfigDefinition<typeof providerVariables>>;
