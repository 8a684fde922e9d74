import { isIPv6 } from 'node:net';

/** Which URLs may be asked, decided without DNS. */
export interface TargetOptions {
  /** Also `http:` URLs: all of them, or those of `allowPrivateHosts`. Default: none. */
  readonly allowHttp?: boolean | 'private-hosts';
  /**
   * Hosts that may have private addresses and any port: `host` (all ports) or `host:port`, exact, no patterns.
   * For development, tests and receivers inside the own network. Default: none.
   */
  readonly allowPrivateHosts?: readonly string[];
  /** Ports refused besides those below 1024 other than 80 and 443. Default: none. */
  readonly deniedPorts?: readonly number[];
}

/** `TargetOptions`, read once. */
export interface TargetRules {
  mayUseHttp(hostname: string, port: number): boolean;
  /** Whether the operator opened this host; `hostname` as in `URL.hostname` or without the brackets of IPv6. */
  mayBePrivate(hostname: string, port: number): boolean;
  mayUsePort(port: number): boolean;
}

/** @throws TypeError when an entry of `allowPrivateHosts` is not a host or host:port. */
export function readTargetRules(options: TargetOptions): TargetRules {
  const opened = new Set((options.allowPrivateHosts ?? []).map(canonicalHost));
  const denied = new Set(options.deniedPorts ?? []);
  const mayBePrivate = (hostname: string, port: number) => {
    if (opened.size === 0) return false;
    const host = plainHostname(hostname);
    return opened.has(host) || opened.has(`${host}:${port}`);
  };
  return {
    mayUseHttp: options.allowHttp === 'private-hosts' ? mayBePrivate : () => options.allowHttp === true,
    mayBePrivate,
    mayUsePort: (port) => (port === 80 || port === 443 || port >= 1024) && !denied.has(port),
  };
}

/** Brackets for IPv6, no trailing dot: one spelling per host. */
export function plainHostname(hostname: string): string {
  const bracketed = isIPv6(hostname) ? `[${hostname}]` : hostname;
  return bracketed.endsWith('.') ? bracketed.slice(0, -1) : bracketed;
}

/** The port of a URL, also where it is left out. */
export function portOf({ port, protocol }: { readonly port: string; readonly protocol: string }): number {
  if (port !== '') return Number(port);
  return protocol === 'http:' ? 80 : 443;
}

function canonicalHost(entry: string): string {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(plainHostname(entry)) ?? [];
  if (!/^[\w.\-[\]:]+$/.test(host) || !URL.canParse(`http://${host}/`)) {
    throw new TypeError(`"${entry}" is not a host that may be private; expected host or host:port, without scheme, path or pattern.`);
  }
  const hostname = plainHostname(new URL(`http://${host}/`).hostname);
  return port === undefined ? hostname : `${hostname}:${Number(port)}`;
}
