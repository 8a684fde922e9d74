import { lookup as systemLookup } from 'node:dns';
import { connect as openSocket, isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { EgressErrors, isPublicAddress } from '@angarium/egress';
import type { SMTPPoolOptions } from 'nodemailer';

export interface PublicSocketOptions {
  /** SMTP_PRIVATE_HOSTS: `host` or `host:port` that may be private. */
  readonly privateHosts: readonly string[];
  readonly timeoutMs: number;
  readonly lookup?: typeof systemLookup;
  /** The network; tests put in one that leads elsewhere. */
  readonly connect?: (options: TcpNetConnectOpts) => Socket;
}

/**
 * Opens the socket to a mail server that a tenant named: to public addresses only, or everything inside our network could be asked
 * through it. Three checks, because each alone can be passed: the host itself when it is an address, each address that DNS gives
 * (the socket connects to one of those that were checked), and the peer once the socket stands, before a byte is said.
 * @throws EGRESS_TARGET_REFUSED to the callback
 */
export function publicSocket({ privateHosts, timeoutMs, lookup = systemLookup, connect = openSocket }: PublicSocketOptions): NonNullable<SMTPPoolOptions['getSocket']> {
  const opened = new Set(privateHosts.map((it) => it.trim().toLowerCase()));
  return (options, callback) => {
    const [host, port] = [String(options.host ?? '').toLowerCase(), Number(options.port)];
    const mayConnect = opened.has(host) || opened.has(`${host}:${port}`) ? () => true : isPublicAddress;
    if (isIP(host) !== 0 && !mayConnect(host)) return callback(notPublic(host), undefined);
    const socket = connect({ host, port, lookup: guarded(lookup, mayConnect), autoSelectFamily: true });
    const end = (error: Error | null) => {
      clearTimeout(timer);
      socket.removeAllListeners('error').removeAllListeners('connect');
      if (error === null) return callback(null, { connection: socket });
      socket.on('error', () => undefined); // it is given up already
      socket.destroy();
      callback(error, undefined);
    };
    const timer = setTimeout(() => end(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT', command: 'CONN' })), timeoutMs);
    socket.once('error', end);
    socket.once('connect', () => end(peerFault(socket, host, mayConnect)));
  };
}

function guarded(lookup: typeof systemLookup, mayConnect: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const vetted = addresses.filter(({ address }) => mayConnect(address));
      const [first] = vetted;
      if (first === undefined) return callback(notPublic(hostname), []);
      if (options.all === true) return callback(null, vetted);
      callback(null, first.address, first.family);
    });
  };
}

function peerFault(socket: Socket, host: string, mayConnect: (address: string) => boolean): Error | null {
  return socket.remoteAddress !== undefined && mayConnect(socket.remoteAddress) ? null : notPublic(host);
}

function notPublic(host: string): Error {
  return EgressErrors.EGRESS_TARGET_REFUSED(`The mail server ${host} has no public address. Name a public one, or let the operator list it in SMTP_PRIVATE_HOSTS.`, { retry: 'later' });
}
