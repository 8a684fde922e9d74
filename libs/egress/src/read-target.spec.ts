import { checkTarget, isPublicAddress } from './index.js';

const refusal = (url: string, options?: Parameters<typeof checkTarget>[1]) => {
  try {
    checkTarget(url, options);
    return undefined;
  } catch (error) {
    return error as { code: string; message: string; retry: string };
  }
};

/** Spellings that URL parsers turn into an address of this host or its network. */
const privateSpellings = [
  '127.0.0.1', '127.0.0.1.', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '017700000001', '0', '0.0.0.0', '0x0',
  '①②⑦.⓪.⓪.①', '１２７.０.０.１', '127。0。0。1', '%31%32%37.0.0.1', '127.0.0.%31', '10.0.0.1', '0xa.1', '167772161', '172.16.0.1', '192.168.1.1',
  '169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '100.64.0.1', '224.0.0.1', '255.255.255.255',
  '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:127.0.0.1]', '[::127.0.0.1]', '[::7f00:1]', '[64:ff9b::7f00:1]',
  '[64:ff9b::169.254.169.254]', '[64:ff9b:1::a00:1]', '[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[fe80::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[2001:db8::1]',
];

describe('a URL to a private address', () => {
  it.each(privateSpellings)('is refused when spelled %s', (host) => {
    for (const url of [`https://${host}/`, `https://${host}:8443/hook`, `http://${host}/`, `HTTPS://${host}`]) {
      expect(refusal(url, { allowHttp: true })).toMatchObject({ code: 'EGRESS_TARGET_REFUSED', retry: 'never' });
    }
  });

  it.each(privateSpellings)('would be refused by its address too, if %s were read as plain', (host) => {
    const { hostname } = new URL(`https://${host}/`);
    expect(isPublicAddress(hostname.replace(/^\[|\]$/g, ''))).toBe(false);
    expect(refusal(`https://${hostname}/`)).toMatchObject({ message: expect.stringContaining('not a public address') as string });
  });

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'redis', 'redis.', 'printer.local', 'metadata.google.internal', 'nas.home.arpa'])(
    'is refused when its name is %s, which never is public',
    (host) => {
      expect(refusal(`https://${host}/`)).toMatchObject({ code: 'EGRESS_TARGET_REFUSED', message: expect.stringContaining('a name inside a network') as string });
    },
  );
});

describe('a URL is refused, with the cure,', () => {
  it.each([
    ['without TLS', 'http://hooks.example/', 'Use https'],
    ['of another scheme', 'ftp://hooks.example/', 'https://host/path'],
    ['of a file', 'file:///etc/passwd', 'https://host/path'],
    ['without scheme', '//hooks.example/', 'https://host/path'],
    ['without slashes', 'https:hooks.example/', 'https://host/path'],
    ['with three slashes', 'https:///hooks.example/', 'https://host/path'],
    ['that is empty', '', 'https://host/path'],
    ['with a user name', 'https://hooks.example@10.0.0.1/', 'credentials in a header'],
    ['with an empty user name', 'https://@hooks.example/', 'credentials in a header'],
    ['with backslashes', 'https:\\\\10.0.0.1\\', 'Percent-encode'],
    ['that two parsers split at different places', 'https://10.0.0.1\\@hooks.example/', 'Percent-encode'],
    ['with a line break in its host', 'https://hooks\n.example/', 'Percent-encode'],
    ['with a leading space', ' https://hooks.example/', 'Percent-encode'],
    ['with a fragment', 'https://hooks.example/#@10.0.0.1/', 'Remove the #'],
    ['with an empty fragment', 'https://hooks.example/#', 'Remove the #'],
    ['with a host in another script', 'https://bücher.example/', 'Write it as xn--bcher-kva.example'],
    ['with an invisible character', 'https://hooks\u00ad.example/', 'Write it as hooks.example'],
    ['to a port of another protocol', 'https://hooks.example:25/', 'Use 443, 80 or a port from 1024'],
    ['to port 0', 'https://hooks.example:0/', 'Use 443'],
    ['to a port that does not exist', 'https://hooks.example:65536/', 'https://host/path'],
    ['that is very long', `https://hooks.example/${'a'.repeat(4_096)}`, 'shorter'],
  ])('%s', (_what, url, cure) => {
    expect(refusal(url)).toMatchObject({ code: 'EGRESS_TARGET_REFUSED', message: expect.stringContaining(cure) as string });
  });

  it('to a port that the operator denied', () => {
    expect(refusal('https://hooks.example:6379/', { deniedPorts: [6379] })?.message).toContain('port 6379');
    expect(refusal('https://hooks.example:6379/')).toBeUndefined();
  });

  it('and its query is not repeated in the message', () => {
    expect(refusal('http://hooks.example/T0/B0?token=s3cret')?.message).not.toMatch(/s3cret|T0/);
  });
});

it.each([
  'https://hooks.example', 'https://hooks.example/a/b?c=d&e=%20', 'https://HOOKS.example/', 'https://hooks.example:443/', 'https://hooks.example:8443/', 'https://hooks.example:80/',
  'https://xn--bcher-kva.example/', 'https://1.1.1.1/', 'https://[2606:4700:4700::1111]/', 'https://hooks.example./', 'https://127.0.0.1.nip.io/', 'https://hooks.example/?at=a@b',
])('%s is taken', (url) => {
  expect(refusal(url)).toBeUndefined();
});

describe('a private host that the configuration lists', () => {
  const open = (entry: string) => ({ allowHttp: true, allowPrivateHosts: [entry] });

  it.each([
    ['127.0.0.1', 'http://127.0.0.1:9/', true],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000/', true],
    ['127.0.0.1:9000', 'http://127.0.0.1:9001/', false],
    ['127.0.0.1:9000', 'http://127.0.0.2:9000/', false],
    ['localhost', 'http://localhost:3000/', true],
    ['localhost', 'http://evil.localhost/', false],
    ['Receiver.internal', 'http://receiver.internal/', true],
    ['receiver.internal:443', 'https://receiver.internal/', true],
    ['receiver.internal:443', 'http://receiver.internal/', false],
    ['[::1]:8080', 'http://[::1]:8080/', true],
    ['::1', 'http://[::1]/', true],
    ['::1', 'http://127.0.0.1/', false],
  ])('as %s: %s is taken: %s', (entry, url, isTaken) => {
    expect(refusal(url, open(entry)) === undefined).toBe(isTaken);
  });

  it('is the only one that http is for, where it is allowed for private hosts', () => {
    const options = { allowHttp: 'private-hosts', allowPrivateHosts: ['127.0.0.1:9000'] } as const;
    expect(refusal('http://127.0.0.1:9000/', options)).toBeUndefined();
    expect(refusal('https://hooks.example/', options)).toBeUndefined();
    for (const url of ['http://hooks.example/', 'http://127.0.0.1:9001/']) expect(refusal(url, options)?.message).toContain('Use https');
  });

  it('still needs https where http is not allowed', () => {
    expect(refusal('http://127.0.0.1/', { allowPrivateHosts: ['127.0.0.1'] })?.message).toContain('Use https');
  });

  it.each(['10.0.0.0/8', '*.internal', 'http://a', '', 'a b', 'user@a', '*'])('cannot be the pattern or URL "%s"', (entry) => {
    expect(() => checkTarget('https://hooks.example/', { allowPrivateHosts: [entry] })).toThrow(TypeError);
  });
});
