import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { checkSigningKey, createEd25519Secret, createHmacSecret, signWebhook, type SigningKey } from './sign-webhook.js';

const now = () => Math.floor(Date.now() / 1000);
const body = '{"type":"user.created","timestamp":"2026-01-02T03:04:05.000Z","data":{"name":"Grüße 🎉"}}';
const headersOf = (keys: readonly SigningKey[], timestampSeconds = now()) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(timestampSeconds),
  'webhook-signature': signWebhook({ id: 'msg_1', timestampSeconds, body, keys }),
});
const isVerified = (publicKey: string, signature: string, signed: string) => {
  const key = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey.slice('whpk_'.length), 'base64')]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(signed), key, Buffer.from(signature, 'base64'));
};

describe('a webhook signed with v1', () => {
  it('is accepted by the public standardwebhooks library', () => {
    const secret = createHmacSecret();
    expect(new Webhook(secret).verify(body, headersOf([{ scheme: 'v1', secret }]))).toEqual(JSON.parse(body));
  });

  it('is refused by it when the body, the id or the time is another, or the secret is', () => {
    const secret = createHmacSecret();
    const headers = headersOf([{ scheme: 'v1', secret }]);
    const receiver = new Webhook(secret);
    expect(() => receiver.verify(body.replace('created', 'deleted'), headers)).toThrow('No matching signature');
    expect(() => receiver.verify(body, { ...headers, 'webhook-id': 'msg_2' })).toThrow('No matching signature');
    expect(() => receiver.verify(body, { ...headers, 'webhook-timestamp': String(now() - 1) })).toThrow('No matching signature');
    expect(() => new Webhook(createHmacSecret()).verify(body, headers)).toThrow('No matching signature');
  });

  it('carries the signature that other systems compute for the same input', () => {
    const signature = signWebhook({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1614265330,
      body: '{"test": 2432232314}',
      keys: [{ scheme: 'v1', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    });
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('a webhook signed with v1a', () => {
  it('is verified with the public key', () => {
    const { secret, publicKey } = createEd25519Secret();
    const timestampSeconds = now();
    const [scheme, signature = ''] = signWebhook({ id: 'msg_1', timestampSeconds, body, keys: [{ scheme: 'v1a', secret }] }).split(',');
    expect(scheme).toBe('v1a');
    expect(isVerified(publicKey, signature, `msg_1.${timestampSeconds}.${body}`)).toBe(true);
    expect(isVerified(publicKey, signature, `msg_1.${timestampSeconds + 1}.${body}`)).toBe(false);
    expect(isVerified(createEd25519Secret().publicKey, signature, `msg_1.${timestampSeconds}.${body}`)).toBe(false);
  });

  it('carries the signature that other systems compute for the same input', () => {
    const signature = signWebhook({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1614265330,
      body: '{"test": 2432232314}',
      keys: [{ scheme: 'v1a', secret: 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==' }],
    });
    expect(signature).toBe('v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==');
  });
});

describe('while a key is exchanged', () => {
  it('receivers with the old and with the new secret, of either scheme, accept the same request', () => {
    const [old, fresh] = [createHmacSecret(), createHmacSecret()];
    const pair = createEd25519Secret();
    const headers = headersOf([{ scheme: 'v1a', secret: pair.secret }, { scheme: 'v1', secret: fresh }, { scheme: 'v1', secret: old }]);
    for (const secret of [old, fresh]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    const [first = '', ...others] = headers['webhook-signature'].split(' ');
    expect(isVerified(pair.publicKey, first.slice('v1a,'.length), `msg_1.${headers['webhook-timestamp']}.${body}`)).toBe(true);
    expect(others.map((it) => it.split(',')[0])).toEqual(['v1', 'v1']);
  });
});

describe('secrets', () => {
  it('are new each time and as long as the specification asks', () => {
    expect(createHmacSecret()).not.toBe(createHmacSecret());
    expect(Buffer.from(createHmacSecret().slice('whsec_'.length), 'base64')).toHaveLength(32);
    const { secret, publicKey } = createEd25519Secret();
    expect(secret).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
  });

  it.each<[string, SigningKey]>([
    ['without prefix', { scheme: 'v1', secret: Buffer.alloc(32).toString('base64') }],
    ['of the other scheme', { scheme: 'v1', secret: createEd25519Secret().secret }],
    ['of the other scheme, too', { scheme: 'v1a', secret: createHmacSecret() }],
    ['that are too short', { scheme: 'v1', secret: `whsec_${Buffer.alloc(23).toString('base64')}` }],
    ['that are too long', { scheme: 'v1', secret: `whsec_${Buffer.alloc(65).toString('base64')}` }],
    ['that are not base64', { scheme: 'v1', secret: `whsec_${'s3cret!'.repeat(6)}` }],
    ['of half a key pair', { scheme: 'v1a', secret: `whsk_${Buffer.alloc(32).toString('base64')}` }],
  ])('%s are refused, and not shown', (_what, key) => {
    const refusal: unknown = expect.objectContaining({ code: 'INVALID_INPUT', message: expect.not.stringContaining(key.secret.slice(8)) as string });
    expect(() => checkSigningKey(key)).toThrow(refusal as Error);
    expect(() => headersOf([key])).toThrow(refusal as Error);
  });

  it('are read anew after very many others', () => {
    const secret = createHmacSecret();
    const before = headersOf([{ scheme: 'v1', secret }], 1);
    for (let i = 0; i < 2_100; i++) checkSigningKey({ scheme: 'v1', secret: createHmacSecret() });
    expect(headersOf([{ scheme: 'v1', secret }], 1)).toEqual(before);
  });
});

it.each(['', 'a.b', 'a b', 'a\r\nx-b: c', 'grüße', 'a'.repeat(257)])('the id "%s" is not signed: it could shift the border between the signed parts or break the header', (id) => {
  expect(() => signWebhook({ id, timestampSeconds: 1, body, keys: [{ scheme: 'v1', secret: createHmacSecret() }] })).toThrow('webhook id');
});

it('a webhook is never sent unsigned or with half a second', () => {
  expect(() => headersOf([])).toThrow('at least one key');
  expect(() => headersOf([{ scheme: 'v1', secret: createHmacSecret() }], 1.5)).toThrow('whole seconds');
});
