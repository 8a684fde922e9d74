import { isIP } from 'node:net';
import { EgressErrors } from './errors.js';
import { isPublicAddress } from './is-public-address.js';
import { plainHostname, portOf, readTargetRules, type TargetOptions, type TargetRules } from './target-rules.js';

/** A URL that may be asked as far as can be said without DNS. */
export interface Target {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Host and port for messages. */
  readonly host: string;
}

const MAX_URL_LENGTH = 4_096;
/** Names that are never public, whatever DNS says: RFC 6761, RFC 6762, RFC 8375 and ICANN's `.internal`. */
const localName = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/;

/**
 * For the moment a URL is handed in: refuses what can be refused without DNS, so that its author learns of it at once.
 * Passing proves nothing about where the name leads; `Egress.request` looks at that for every connection.
 * @throws EGRESS_TARGET_REFUSED saying what is wrong and the cure; TypeError when the options do not fit.
 */
export function checkTarget(url: string, options: TargetOptions = {}): void {
  readTarget(url, readTargetRules(options));
}

/** @throws EGRESS_TARGET_REFUSED */
export function readTarget(url: string, rules: TargetRules): Target {
  const parsed = parsePlain(url);
  const port = portOf(parsed);
  if (parsed.protocol === 'http:' && !rules.mayUseHttp(parsed.hostname, port)) refuse('The URL begins with http:, which anyone on the way can read.', 'Use https.');
  const target = { origin: parsed.origin, path: parsed.pathname + parsed.search, host: parsed.host };
  if (rules.mayBePrivate(parsed.hostname, port)) return target;
  if (!rules.mayUsePort(port)) refuse(`Requests to port ${port} are not sent.`, 'Use 443, 80 or a port from 1024 that is not denied here.');
  refuseLocal(parsed.hostname);
  return target;
}

/**
 * Parses once, and takes only what every parser reads alike: the host must be spelled as the parser gives it back.
 * So `0x7f.1`, `2130706433`, full-width digits, `%31`, backslashes, missing slashes and line breaks end here.
 */
function parsePlain(url: string): URL {
  if (url.length > MAX_URL_LENGTH) refuse(`The URL has ${url.length} characters; at most ${MAX_URL_LENGTH} are taken.`, 'Use a shorter one.');
  if (/[\u0000-\u0020\u007f\\]/.test(url)) refuse('The URL contains a space, a control character or a backslash.', 'Percent-encode it.');
  if (url.includes('#')) refuse('The URL has a fragment, which is never sent.', 'Remove the # and what follows.');
  const [, authority = ''] = /^https?:\/\/([^/?]+)/i.exec(url) ?? [];
  if (authority === '' || !URL.canParse(url)) refuse('That is not an absolute http or https URL.', 'Write it as https://host/path.');
  if (authority.includes('@')) refuse('The URL carries a user name or password.', 'Send credentials in a header.');
  const parsed = new URL(url);
  const hostname = authority.replace(/:\d*$/, '').toLowerCase();
  if (hostname !== parsed.hostname) refuse('The host is spelled in a way that programs read differently.', `Write it as ${parsed.hostname}.`);
  return parsed;
}

function refuseLocal(hostname: string): void {
  const plain = plainHostname(hostname);
  const address = plain.replace(/^\[|\]$/g, '');
  const isAddress = isIP(address) !== 0;
  const isPublic = isAddress ? isPublicAddress(address) : plain.includes('.') && !localName.test(plain);
  if (!isPublic) refuse(`${plain} is ${isAddress ? 'not a public address' : 'a name inside a network'}.`, 'Use a host that is reachable from the internet.');
}

function refuse(what: string, cure: string): never {
  throw EgressErrors.EGRESS_TARGET_REFUSED(`${what} ${cure}`);
}
