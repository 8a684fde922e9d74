import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** `whsec_…` of the subscription; several while secrets are rotated. For signatures v1. */
  readonly secret?: string | readonly string[];
  /** `whpk_…` of the subscription; several while keys are rotated. For signatures v1a. */
  readonly publicKey?: string | readonly string[];
  /** Of the request, as Node or fetch gives them. */
  readonly headers: HeadersLike;
  /** The bytes as they came. Parsed and written again they are others, and the signature does not fit. */
  readonly body: string | Uint8Array;
  /** How far the time of the attempt may lie from ours, both ways. Default 300 000 (5 minutes). */
  readonly toleranceMs?: number;
  /** Our time, for tests. */
  readonly now?: number;
}

export interface VerifiedWebhook {
  /** The same in every attempt: remember it to handle a message once. */
  readonly id: string;
  /** When this attempt was made. */
  readonly timestamp: Date;
  /** The parsed body. */
  readonly payload: unknown;
}

/** Why a call is not to be trusted. `code` is for programs; answer 401 and look no further. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';

  constructor(
    readonly code: 'HEADER_MISSING' | 'TIMESTAMP_WRONG' | 'SIGNATURE_WRONG' | 'KEY_INVALID' | 'BODY_INVALID',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Checks that a webhook comes from the broker and is fresh, by the Standard Webhooks specification (v1: HMAC-SHA256, v1a: Ed25519). Does not block beyond the hashing.
 * @throws WebhookVerificationError when it does not; KEY_INVALID when a secret or key is none.
 */
export function verifyWebhook({ secret = [], publicKey = [], headers, body, toleranceMs = 300_000, now = Date.now() }: VerifyOptions): VerifiedWebhook {
  const id = header(headers, 'webhook-id');
  const seconds = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  const timestamp = /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1000 : Number.NaN;
  if (!(Math.abs(now - timestamp) <= toleranceMs)) {
    throw new WebhookVerificationError('TIMESTAMP_WRONG', `webhook-timestamp lies more than ${toleranceMs} ms from the time here. Check the clock of this machine; otherwise it is an old call, sent again.`);
  }
  const bytes = Buffer.from(body);
  const signed = Buffer.concat([Buffer.from(`${id}.${seconds}.`), bytes]);
  const checks = [...list(secret).map(byHmac), ...list(publicKey).map(byEd25519)];
  if (checks.length === 0) throw new WebhookVerificationError('KEY_INVALID', 'Give the secret or the public key of the subscription.');
  const given = signatures.split(' ').slice(0, 20); // more would only make us work
  if (!given.some((signature) => checks.some((fits) => fits(signature, signed)))) {
    throw new WebhookVerificationError('SIGNATURE_WRONG', 'No signature fits. Check that the secret is that of this subscription and that the body was not parsed before.');
  }
  return { id, timestamp: new Date(timestamp), payload: parse(bytes) };
}

type Check = (signature: string, signed: Buffer) => boolean;

function byHmac(secret: string): Check {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length < 16) throw new WebhookVerificationError('KEY_INVALID', 'The secret is too short to be one. Use what creating the subscription or rotating its secret answered with (whsec_…).');
  let expected: Buffer | undefined;
  return (signature, signed) => {
    const bytes = bytesOf(signature, 'v1');
    expected ??= createHmac('sha256', key).update(signed).digest();
    return bytes?.length === expected.length && timingSafeEqual(bytes, expected);
  };
}

/** What stands before the 32 bytes of an Ed25519 key in the form that node:crypto reads. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function byEd25519(publicKey: string): Check {
  const raw = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64');
  if (raw.length !== 32) throw new WebhookVerificationError('KEY_INVALID', 'The public key does not have 32 bytes. Use what creating the subscription answered with (whpk_…).');
  const key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
  return (signature, signed) => {
    const bytes = bytesOf(signature, 'v1a');
    return bytes?.length === 64 && verify(undefined, signed, key, bytes);
  };
}

function bytesOf(signature: string, version: 'v1' | 'v1a'): Buffer | undefined {
  const [given, encoded] = signature.split(',', 2);
  return given === version && encoded !== undefined ? Buffer.from(encoded, 'base64') : undefined;
}

function header(headers: HeadersLike, name: string): string {
  const value = isHeaders(headers) ? headers.get(name) : Object.entries(headers).find(([it]) => it.toLowerCase() === name)?.[1];
  if (typeof value === 'string' && value !== '') return value;
  throw new WebhookVerificationError('HEADER_MISSING', `The header ${name} is missing or there twice. Either it is no webhook of the broker, or something in between removes headers.`);
}

function isHeaders(headers: HeadersLike): headers is Headers {
  return typeof headers.get === 'function';
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new WebhookVerificationError('BODY_INVALID', 'The signature fits, but the body is not JSON.');
  }
}
