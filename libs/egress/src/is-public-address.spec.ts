import { isPublicAddress } from './index.js';

describe('an address is not public when it is', () => {
  it.each([
    ['this host', ['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '::', '::1']],
    ['of a private network', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fd00:ec2::254', 'fec0::1']],
    ['of the link, where clouds keep their metadata', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0']],
    ["a cloud's own, though its number is public", ['168.63.129.16', '100.100.100.200', '192.0.0.192']],
    ["behind a carrier's NAT", ['100.64.0.1', '100.127.255.255']],
    ['reserved, for documentation or benchmarks', [
      '192.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255', '192.88.99.1', '240.0.0.1', '2001:db8::1', '3fff::1', '2001:2::1',
    ]],
    ['for many receivers', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']],
    ['private IPv4 written inside IPv6', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '::ffff:169.254.169.254', '0:0:0:0:0:ffff:7f00:1']],
    ['an IPv4 address behind a translator', [
      '64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::a00:1', '2002:7f00:1::', '2002:a00:1::1', '::127.0.0.1', '::8.8.8.8',
      '::ffff:0:127.0.0.1', '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    ]],
    ['discarded, or from space not given out', ['100::1', '5f00::1', '4000::1', '8000::1', '2001:20::1']],
    ['not an address', ['', 'localhost', '0x7f.1', '0177.0.0.1', '010.0.0.1', '2130706433', '127.1', '8.8.8.8.8', '[::1]', '1.1.1.1/8']],
  ])('%s', (_what, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });
});

it.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '169.253.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
