import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { guardedLookup, notPublic, sharedLookup, type ResolveAll } from './guarded-lookup.js';
import { isPublicAddress } from './is-public-address.js';
import { portOf, type TargetRules } from './target-rules.js';

export interface ConnectorOptions {
  readonly rules: TargetRules;
  /** Counts the TLS handshake, too. */
  readonly connectTimeoutMs: number;
  /** PEM certificates trusted instead of the system's. */
  readonly ca?: string;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveAll;
  /** Makes what opens sockets; tests put in a network that leads elsewhere than the address says. */
  readonly network?: typeof buildConnector;
}

/**
 * Opens every socket of the system's outgoing requests. Three checks, because each alone can be passed:
 * the host itself when it is an address (no lookup is made for those), each address that DNS gives,
 * and the peer of the socket once it stands, before a byte of HTTP is sent.
 */
export function guardedConnector({ rules, connectTimeoutMs, ca, resolve, network = buildConnector }: ConnectorOptions): buildConnector.connector {
  const shared = sharedLookup(resolve);
  const connector = (mayConnect: (address: string) => boolean) => {
    const lookup = guardedLookup(shared, mayConnect);
    return network({ lookup, timeout: connectTimeoutMs, allowH2: false, autoSelectFamily: true, ...(ca === undefined ? {} : { ca }) });
  };
  const guarded = connector(isPublicAddress);
  const open = connector(() => true);

  return (target, callback) => {
    const { hostname } = target;
    const port = portOf(target);
    if (rules.mayBePrivate(hostname, port)) return open(target, callback);
    if (isIP(hostname) !== 0 && !isPublicAddress(hostname)) return callback(notPublic(hostname), null);
    guarded(target, (...[error, socket]) => {
      if (error) return callback(error, null);
      const peer = socket.remoteAddress;
      if (peer !== undefined && isPublicAddress(peer)) return callback(null, socket);
      socket.destroy();
      callback(peer === undefined ? closedAtOnce() : notPublic(hostname), null);
    });
  };
}

/** A socket without a peer has been closed by it already. */
function closedAtOnce(): Error {
  return Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' });
}
