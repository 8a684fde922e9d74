import type { Logger } from '@angarium/observability';
import { isIP } from 'node:net';
import type { EmailWorkerConfig } from '../config.js';
import { EmailErrors } from '../errors.js';
import { dkimOptions } from './dkim.js';
import type { MailTransport } from './mail-transport.js';
import { parseSmtpUrl } from './smtp-address.js';
import { SmtpTransport } from './smtp.transport.js';

/** The transport that the configuration asks for. Connects with the first mail, so that the service starts while the mail server is away. */
export function smtpTransport(config: EmailWorkerConfig, logger: Logger): MailTransport {
  const server = parseSmtpUrl(config.SMTP_URL);
  if (server === undefined) throw EmailErrors.SMTP_UNAVAILABLE('SMTP_URL is no server address. Give smtp://user:password@host:port.');
  const mayBeRead = server.login !== undefined && !server.isTlsFromStart && !config.SMTP_REQUIRE_TLS && !isLoopback(server.host);
  if (mayBeRead) logger.warn({ host: server.host }, 'the SMTP password travels unencrypted if the server offers no TLS; set SMTP_REQUIRE_TLS=true');
  return new SmtpTransport({
    server,
    requireTls: config.SMTP_REQUIRE_TLS,
    connections: config.EMAIL_WORKER_CONCURRENCY,
    timeoutMs: config.SMTP_TIMEOUT_MS,
    dkim: dkimOptions(config.EMAIL_DKIM_DOMAIN, config.EMAIL_DKIM_SELECTOR, config.EMAIL_DKIM_PRIVATE_KEY),
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
