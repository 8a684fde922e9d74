import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { verifyWebhook } from './verify-webhook.js';

// signed by the public package standardwebhooks
const secret = 'whsec_MfKQ9r8GKYqTwjUPD8ILPZIo2LaLaSw';
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const body = '{"test": 2432232314}';
const seconds = 1_614_265_330;
const signature = 'v1,APzAMjTmGJD1CHe1l3psPWqHBNm7LdzUn7zexTcoEpk=';
const now = seconds * 1_000;
const headersWith = (signatures: string, at: number | string = seconds) => ({ 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signatures });
const headers = headersWith(signature);

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const whpk = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')}`;
const ed25519 = `v1a,${sign(undefined, Buffer.from(`${id}.${seconds}.${body}`), privateKey).toString('base64')}`;
const code = (expected: string) => expect.objectContaining({ name: 'WebhookVerificationError', code: expected }) as Error;

describe('a webhook', () => {
  it('that is signed as the Standard Webhooks libraries sign is trusted', () => {
    expect(verifyWebhook({ secret, headers, body, now })).toEqual({ id, timestamp: new Date(now), payload: { test: 2432232314 } });
  });

  it('is verified from bytes, from Headers, and from headers in any case', () => {
    expect(verifyWebhook({ secret, headers: new Headers(headers), body: Buffer.from(body), now }).id).toBe(id);
    expect(verifyWebhook({ secret, headers: { 'Webhook-Id': id, 'WEBHOOK-TIMESTAMP': String(seconds), 'Webhook-Signature': signature }, body: new TextEncoder().encode(body), now }).id).toBe(id);
  });

  it('that is signed with Ed25519 is trusted by its public key', () => {
    expect(verifyWebhook({ publicKey: whpk, headers: headersWith(ed25519), body, now }).id).toBe(id);
  });

  it('is trusted during a rotation, whichever secret is known on either side', () => {
    const old = 'whsec_b2xkIHNlY3JldCBvbGQgc2VjcmV0IG9sZA==';
    const oldSignature = `v1,${createHmac('sha256', Buffer.from(old.slice(6), 'base64')).update(`${id}.${seconds}.${body}`).digest('base64')}`;
    expect(verifyWebhook({ secret: old, headers: headersWith(`${signature} ${oldSignature}`), body, now }).id).toBe(id);
    expect(verifyWebhook({ secret: [old, secret], headers, body, now }).id).toBe(id);
  });

  it.each([
    ['another body', { body: '{"test": 2432232315}' }],
    ['another id', { headers: { ...headers, 'webhook-id': 'msg_other' } }],
    ['another secret', { secret: 'whsec_b2xkIHNlY3JldCBvbGQgc2VjcmV0IG9sZA==' }],
    ['the signature of another version', { headers: headersWith(signature.replace('v1,', 'v1a,')) }],
    ['a cut signature', { headers: headersWith(signature.slice(0, 20)) }],
    ['no signature in the header', { headers: headersWith('v1') }],
  ])('with %s is not', (_name, change) => {
    expect(() => verifyWebhook({ secret, headers, body, now, ...change })).toThrow(code('SIGNATURE_WRONG'));
  });

  it('signed with HMAC is not trusted where a public key is expected, even with the key as secret', () => {
    const forged = `v1,${createHmac('sha256', Buffer.from(whpk.slice(5), 'base64')).update(`${id}.${seconds}.${body}`).digest('base64')}`;
    expect(() => verifyWebhook({ publicKey: whpk, headers: headersWith(forged), body, now })).toThrow(code('SIGNATURE_WRONG'));
  });

  it.each([
    ['too old', now + 300_001],
    ['from the future', now - 300_001],
  ])('that is %s is not', (_name, at) => {
    expect(() => verifyWebhook({ secret, headers, body, now: at })).toThrow(code('TIMESTAMP_WRONG'));
  });

  it('is trusted at the edge of the tolerance, and of one that is given', () => {
    expect(verifyWebhook({ secret, headers, body, now: now + 300_000 }).id).toBe(id);
    expect(() => verifyWebhook({ secret, headers, body, now: now + 1_001, toleranceMs: 1_000 })).toThrow(code('TIMESTAMP_WRONG'));
  });

  it.each(['', 'yesterday', '-1', '1e9', '1614265330.5', ' 1614265330'])('with the timestamp "%s" is not', (at) => {
    expect(() => verifyWebhook({ secret, headers: headersWith(signature, at), body, now })).toThrow(/webhook-timestamp/);
  });

  it('without one of the three headers is not', () => {
    for (const name of Object.keys(headers)) expect(() => verifyWebhook({ secret, headers: { ...headers, [name]: undefined }, body, now })).toThrow(code('HEADER_MISSING'));
  });

  it('cannot be verified by nothing, by a short secret or by half a key', () => {
    for (const given of [{}, { secret: [] }, { secret: 'whsec_' }, { publicKey: whpk.slice(0, 30) }]) expect(() => verifyWebhook({ headers, body, now, ...given })).toThrow(code('KEY_INVALID'));
  });
});
