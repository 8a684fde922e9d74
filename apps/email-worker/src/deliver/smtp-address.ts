/** Where the mail server is and how one logs in. */
export interface SmtpAddress {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (smtps). */
  readonly isTlsFromStart: boolean;
  readonly login?: { readonly user: string; readonly pass: string };
}

/**
 * Reads SMTP_URL. Its query is ignored: nodemailer would take any of its options from there, those that keep us safe included.
 * @returns undefined when it is no smtp:// or smtps:// URL with a host.
 */
export function parseSmtpUrl(text: string): SmtpAddress | undefined {
  try {
    const { protocol, hostname, port, username, password } = new URL(text);
    if ((protocol !== 'smtp:' && protocol !== 'smtps:') || hostname === '') return undefined;
    const isTlsFromStart = protocol === 'smtps:';
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? (isTlsFromStart ? 465 : 587) : Number(port),
      isTlsFromStart,
      ...(username === '' ? {} : { login: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    };
  } catch {
    return undefined;
  }
}
