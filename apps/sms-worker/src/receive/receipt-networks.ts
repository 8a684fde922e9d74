import { BlockList, isIP } from 'node:net';

/** Whether an address is in one of the networks (`203.0.113.0/24`, by commas); where none are named, every address is. IPv4 may be written inside IPv6. */
export function isWithin(networks: string | undefined, address: string | undefined): boolean {
  if (networks === undefined) return true;
  const version = address === undefined ? 0 : isIP(address);
  if (address === undefined || version === 0) return false;
  const allowed = new BlockList();
  for (const network of listOf(networks)) {
    const [base = '', bits = ''] = network.split('/');
    allowed.addSubnet(base, Number(bits), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return allowed.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** The first network of the list that is none, for the message that names the fault. */
export function unreadableNetwork(networks: string | undefined): string | undefined {
  return listOf(networks ?? '').find((network) => {
    const [, base = '', bits] = /^([^/]+)\/(\d{1,3})$/.exec(network) ?? [];
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(base)] ?? -1;
    return bits === undefined || Number(bits) > most;
  });
}

function listOf(networks: string): string[] {
  return networks
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
}
