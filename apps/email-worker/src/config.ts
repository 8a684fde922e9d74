import { createPrivateKey } from 'node:crypto';
import {
  databaseVariables,
  defineConfig,
  queueVariables,
  publicVariables,
  redisVariables,
  sealVariables,
  serviceVariables,
  transportVariables,
  variable,
  type ConfigOf,
} from '@angarium/config';
import { SendEmail } from '@angarium/contracts';
import { parseMailbox } from './compose/parse-mailbox.js';
import { toPem } from './deliver/dkim.js';
import { parseSmtpUrl } from './deliver/smtp-address.js';

const emailVariables = {
  EMAIL_WORKER_PORT: variable.port({ description: 'Port of the email worker (health and metrics).', default: 3031 }),
  EMAIL_WORKER_CONCURRENCY: variable.integer({
    description: 'How many mails one replica sends at a time; as many SMTP connections are kept open.',
    unit: 'count',
    default: 20,
    min: 1,
    max: 500,
  }),
  EMAIL_RATE_PER_SECOND: variable.integer({
    description: 'Most mails that are begun in a second, over all replicas.',
    unit: 'count',
    default: 100,
    min: 1,
    max: 100_000,
  }),
  EMAIL_BATCH_CONCURRENCY: variable.integer({
    description: 'How many mails of one batch are sent at a time; a batch takes one of EMAIL_WORKER_CONCURRENCY.',
    unit: 'count',
    default: 5,
    min: 1,
    max: 100,
  }),
  EMAIL_PROVIDER_RATE: variable.integer({
    description: 'Most mails that go out through SMTP_URL in a second, over all replicas; also through a sender of a tenant that has no rate of its own. 0: no limit.',
    unit: 'count',
    default: 100,
    min: 0,
    max: 100_000,
  }),
  EMAIL_DOMAIN_RATE: variable.integer({
    description: 'Most mails to one receiving domain in a second, over all replicas; halved when it defers mails (421, 450, 451, 452), then growing back. 0: no limit.',
    unit: 'count',
    default: 50,
    min: 0,
    max: 100_000,
  }),
  EMAIL_FROM: variable.text({
    description: 'Sender of mails that name none; its domain is also that of the Message-IDs.',
    default: 'Angarium <no-reply@angarium.local>',
    maxLength: 320,
    expected: '"name@domain" or "Name <name@domain>"',
  }),
  EMAIL_MAX_BYTES: variable.integer({
    description: 'Largest mail: texts and attachments together, before they are encoded (which adds a third).',
    unit: 'bytes',
    default: 10_000_000,
    min: 1_000,
    max: 100_000_000,
  }),
  EMAIL_MAX_RECIPIENTS: variable.integer({
    description: 'Most recipients of one mail, cc and bcc included.',
    unit: 'count',
    default: 50,
    min: 1,
    max: 150,
  }),
  EMAIL_ATTACHMENT_DIR: variable.optionalText({
    description: 'Folder whose files may be attached by path. Left out: attachments by path are refused.',
  }),
  GATEWAY_URL: variable.optionalText({ description: 'Where the email worker reaches the gateway, such as http://127.0.0.1:3000: files that tenants stored are read there. Left out: attachments by fileId are refused.' }),
  INTERNAL_SERVICE_TOKEN: variable.optionalText({ description: 'Service token (angs_…) with the permission files.read, for GATEWAY_URL.', secret: true }),
  EMAIL_DKIM_DOMAIN: variable.optionalText({ description: 'Domain that DKIM signs for. Set all three EMAIL_DKIM_ variables, or none.' }),
  EMAIL_DKIM_SELECTOR: variable.optionalText({ description: 'DKIM selector: the public key is the TXT record <selector>._domainkey.<domain>.' }),
  EMAIL_DKIM_PRIVATE_KEY: variable.optionalText({ description: 'RSA private key as PEM; line ends may be written as \\n.', secret: true }),
};

const smtpVariables = {
  SMTP_URL: variable.url({
    description: 'Mail server: smtp://user:password@host:port (TLS by STARTTLS where the server offers it), or smtps:// for TLS from the start.',
    protocols: ['smtp', 'smtps'],
    default: 'smtp://127.0.0.1:1025',
  }),
  SMTP_PRIVATE_HOSTS: variable.optionalText({
    description: "Hosts (host or host:port, several by commas) that senders of tenants may name although their address is private. Left out: public ones only.",
  }),
  SMTP_REQUIRE_TLS: variable.flag({ description: 'Send nothing, the login included, over a connection without TLS.', default: false }),
  SMTP_TIMEOUT_MS: variable.integer({
    description: 'Longest wait for a connection, its greeting, and each answer of the mail server.',
    unit: 'ms',
    default: 20_000,
    min: 100,
    max: 300_000,
  }),
};

const linkVariables = {
  ...publicVariables,
  // may be left out: only senders of tenants and unsubscribe links need it
  SEAL_KEYS: { ...sealVariables.SEAL_KEYS, schema: sealVariables.SEAL_KEYS.schema.optional() },
};

/** Everything the email worker can be told from outside. */
export const emailWorkerConfig = defineConfig(
  'email-worker',
  { ...emailVariables, ...smtpVariables, ...serviceVariables, ...redisVariables, ...transportVariables, ...databaseVariables, ...queueVariables, ...linkVariables },
  [
    ({ EMAIL_FROM }) => (parseMailbox(EMAIL_FROM) === undefined ? 'EMAIL_FROM is no sender; expected "name@domain" or "Name <name@domain>".' : undefined),
    ({ SMTP_URL }) =>
      parseSmtpUrl(SMTP_URL) === undefined ? 'SMTP_URL is no server address; expected smtp://user:password@host:port, special characters percent-encoded.' : undefined,
    ({ GATEWAY_URL: url }) => (url === undefined || isHttpUrl(url) ? undefined : 'GATEWAY_URL is no address; expected http://host:port or https://host.'),
    ({ SMTP_TIMEOUT_MS }) =>
      SMTP_TIMEOUT_MS < SendEmail.timeoutMs
        ? undefined
        : `SMTP_TIMEOUT_MS is ${SMTP_TIMEOUT_MS}; it must be below the ${SendEmail.timeoutMs} ms that a ${SendEmail.name} job may take.`,
    ({ EMAIL_DKIM_DOMAIN, EMAIL_DKIM_SELECTOR, EMAIL_DKIM_PRIVATE_KEY }) => {
      const count = [EMAIL_DKIM_DOMAIN, EMAIL_DKIM_SELECTOR, EMAIL_DKIM_PRIVATE_KEY].filter((it) => it !== undefined).length;
      return count === 1 || count === 2 ? 'EMAIL_DKIM_DOMAIN, EMAIL_DKIM_SELECTOR and EMAIL_DKIM_PRIVATE_KEY go together: set all three, or none.' : undefined;
    },
    // nodemailer would send unsigned, without a word, with a key that does not fit
    ({ EMAIL_DKIM_PRIVATE_KEY: key }) => (key === undefined || isRsaKey(key) ? undefined : 'EMAIL_DKIM_PRIVATE_KEY is no RSA private key in PEM form.'),
  ],
);
export type EmailWorkerConfig = ConfigOf<typeof emailWorkerConfig>;

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isRsaKey(text: string): boolean {
  try {
    return createPrivateKey(toPem(text)).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
