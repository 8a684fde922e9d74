import type { Logger } from '@angarium/observability';
import { parseMailbox } from '../compose/parse-mailbox.js';
import type { EmailWorkerConfig } from '../config.js';
import { smtpTransport } from '../deliver/smtp.provider.js';
import { EmailErrors } from '../errors.js';
import { publicSocket } from './public-socket.js';
import type { Sender } from './sender.js';
import type { TestSenderOptions } from './test-sender.js';
import { SenderPools } from './sender-pools.js';
import type { SenderSecrets } from './sender-secrets.js';

/** SMTP_URL and EMAIL_FROM: the way out of whoever has no sender of his own. */
export function systemSender(config: EmailWorkerConfig, logger: Logger): Sender {
  const from = parseMailbox(config.EMAIL_FROM);
  if (from === undefined) throw EmailErrors.EMAIL_INVALID('EMAIL_FROM is no sender. Give "name@domain" or "Name <name@domain>".');
  return { key: 'system', from, transport: smtpTransport(config, logger), ratePerSecond: config.EMAIL_PROVIDER_RATE };
}

/** SMTP_PRIVATE_HOSTS as a list. */
export function privateHosts({ SMTP_PRIVATE_HOSTS }: Pick<EmailWorkerConfig, 'SMTP_PRIVATE_HOSTS'>): string[] {
  return (SMTP_PRIVATE_HOSTS ?? '').split(',').map((it) => it.trim()).filter((it) => it !== '');
}

/** The connections to the servers of tenants. */
export function senderPools(config: EmailWorkerConfig, secrets: SenderSecrets, logger: Logger): SenderPools {
  const { SMTP_TIMEOUT_MS: timeoutMs, SMTP_REQUIRE_TLS: requireTls, EMAIL_WORKER_CONCURRENCY: connections, EMAIL_PROVIDER_RATE: defaultRate } = config;
  const getSocket = publicSocket({ privateHosts: privateHosts(config), timeoutMs });
  return new SenderPools({ secrets, getSocket, requireTls, timeoutMs, connections, defaultRate, logger });
}

/** How a sender is tried. */
export function testSenderOptions(config: EmailWorkerConfig): TestSenderOptions {
  // the step has to be told before the request's own deadline
  const timeoutMs = Math.min(config.SMTP_TIMEOUT_MS, 8_000);
  return { getSocket: publicSocket({ privateHosts: privateHosts(config), timeoutMs }), requireTls: config.SMTP_REQUIRE_TLS, timeoutMs };
}
