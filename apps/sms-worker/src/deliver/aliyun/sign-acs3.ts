import { createHash, createHmac, randomUUID } from 'node:crypto';

export interface Acs3Request {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** `SendSms` */
  readonly action: string;
  /** `2017-05-25` */
  readonly version: string;
  /** With the port, where it is written in the URL. */
  readonly host: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Default: now. At most 15 minutes from Aliyun's clock. */
  readonly at?: Date;
  /** Default: random. Aliyun takes each once. */
  readonly nonce?: string;
}

/** The query (without `?`) and the headers of a signed request. */
export interface SignedAcs3Request {
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

const EMPTY_BODY_SHA256 = createHash('sha256').update('').digest('hex');

/**
 * Signs an RPC call of Aliyun by ACS3-HMAC-SHA256: POST with all parameters in the query and an empty body, as the official SDK sends it
 * (https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature). Pure with `at` and `nonce` given.
 */
export function signAcs3(request: Acs3Request): SignedAcs3Request {
  const { accessKeyId, accessKeySecret, action, version, host, parameters, at = new Date(), nonce = randomUUID() } = request;
  const query = Object.keys(parameters)
    .sort()
    .map((name) => `${percentEncode(name)}=${percentEncode(parameters[name] ?? '')}`)
    .join('&');
  const headers = {
    'x-acs-action': action,
    'x-acs-content-sha256': EMPTY_BODY_SHA256,
    'x-acs-date': `${at.toISOString().slice(0, 19)}Z`,
    'x-acs-signature-nonce': nonce,
    'x-acs-version': version,
  };
  // the client itself sets host
  const signed: Readonly<Record<string, string>> = { host, ...headers };
  const names = Object.keys(signed).sort();
  const signedNames = names.join(';');
  const canonical = ['POST', '/', query, ...names.map((name) => `${name}:${signed[name]}`), '', signedNames, EMPTY_BODY_SHA256].join('\n');
  const toSign = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`;
  const signature = createHmac('sha256', accessKeySecret).update(toSign).digest('hex');
  return { query, headers: { ...headers, authorization: `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${signedNames},Signature=${signature}` } };
}

/** RFC 3986: encodeURIComponent leaves these five as they are. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`);
}
