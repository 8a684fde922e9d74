import { isIP } from 'node:net';
import { unreadableNetwork } from './receive/receipt-networks.js';
import type { ProviderConfig } from './provider-variables.js';

type Name = keyof ProviderConfig;
type Check = (config: ProviderConfig) => string | undefined;

/** Variables that switch a provider on, all together. */
const together: Readonly<Record<string, readonly Name[]>> = {
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN'],
  aliyun: ['ALIYUN_ACCESS_KEY_ID', 'ALIYUN_ACCESS_KEY_SECRET', 'ALIYUN_SMS_SIGN_NAME'],
  tencent: ['TENCENT_SECRET_ID', 'TENCENT_SECRET_KEY', 'TENCENT_SMS_SDK_APP_ID', 'TENCENT_SMS_SIGN_NAME'],
};

/** Relations between the provider variables: a half-configured provider is a fault that names what is missing. */
export const providerChecks: readonly Check[] = [
  ...Object.entries(together).map(([provider, names]): Check => (config) => {
    const missing = names.filter((name) => config[name] === undefined);
    if (missing.length === 0 || missing.length === names.length) return undefined;
    return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing: ${provider} needs ${names.join(', ')}. Set all of them, or none.`;
  }),
  ({ TWILIO_ACCOUNT_SID: sid, TWILIO_FROM: from, TWILIO_MESSAGING_SERVICE_SID: service }) => {
    if (sid === undefined) return undefined;
    if (!/^AC[0-9a-zA-Z]{32}$/.test(sid)) return 'TWILIO_ACCOUNT_SID is no account id; expected AC and 32 letters or digits.';
    return from === undefined && service === undefined ? 'TWILIO_FROM is missing: twilio needs TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID.' : undefined;
  },
  ({ SMS_RECEIPT_SECRET: secret }) =>
    secret === undefined || /^[\w-]{24,100}$/.test(secret) ? undefined : 'SMS_RECEIPT_SECRET does not fit; expected 24 to 100 letters, digits, - or _.',
  ({ SMS_RECEIPT_CIDRS: networks }) => {
    const bad = unreadableNetwork(networks);
    return bad === undefined ? undefined : `SMS_RECEIPT_CIDRS holds "${bad.slice(0, 80)}"; expected networks such as 203.0.113.0/24 or 2001:db8::/32.`;
  },
  ({ PUBLIC_URL: url }) => (url === undefined || isPlainBase(url) ? undefined : 'PUBLIC_URL has a query, fragment or password; expected such as https://api.example.com.'),
  ({ SMS_PRIVATE_HOSTS: hosts }) => {
    const bad = privateHosts(hosts).find((host) => !isHost(host));
    return bad === undefined ? undefined : `SMS_PRIVATE_HOSTS holds "${bad.slice(0, 80)}"; expected host or host:port, without scheme, path or pattern.`;
  },
  ...(['TWILIO_BASE_URL', 'ALIYUN_SMS_BASE_URL', 'TENCENT_SMS_BASE_URL'] as const).map(
    (name): Check =>
      (config) =>
        isPlainBase(config[name]) && new URL(config[name]).pathname === '/' ? undefined : `${name} is more than an origin; expected such as https://host or http://host:port.`,
  ),
];

/** SMS_PRIVATE_HOSTS as a list. */
export function privateHosts(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
}

function isHost(text: string): boolean {
  const host = /^(\[[^\]]+\]|[\w.-]+)(?::\d{1,5})?$/.exec(text)?.[1];
  return host !== undefined && (!host.startsWith('[') || isIP(host.slice(1, -1)) === 6);
}

function isPlainBase(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { search, hash, username, password } = new URL(text);
  return search + hash + username + password === '';
}
