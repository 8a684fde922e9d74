import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Public by its number, but answered inside a cloud: Azure's platform services. (Other clouds use link-local or reserved ones.) */
const cloudInternal = new Set(['168.63.129.16']);

/**
 * Whether an IP address, as a resolver or a socket writes it, belongs to a machine on the public internet.
 * What is not a plain address, or is in any range with a special meaning, is not public.
 * IPv4 written inside IPv6 (`::ffff:a.b.c.d`) is judged as the IPv4 address. The other ways to wrap IPv4
 * (NAT64, 6to4, Teredo, `::a.b.c.d`) are refused whole: a public host has an address of its own.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.split('%', 1)[0] ?? '';
  const version = isIP(bare);
  if (version === 0) return false; // ipaddr.js reads also 0x7f.1 and 010.0.0.1
  // as hexadecimal: ipaddr.js takes ::a.b.c.d for ::ffff:a.b.c.d
  const parsed = ipaddr.process(version === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare);
  if (parsed.range() !== 'unicast') return false;
  if (parsed instanceof ipaddr.IPv4) return !cloudInternal.has(parsed.toString());
  // Of IPv6 only 2000::/3 is given out; ipaddr.js calls the unassigned rest unicast, `::127.0.0.1` among it.
  return ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000;
}
