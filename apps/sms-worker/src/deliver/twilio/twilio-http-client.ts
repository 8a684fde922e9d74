import type { Egress } from '@angarium/egress';
import type { RequestClient } from 'twilio';
import { ProviderClient, type ProviderCall } from '../provider-call.js';

type SdkRequest = Parameters<RequestClient['request']>[0];
interface SdkResponse {
  readonly statusCode: number;
  readonly body: string;
}

/**
 * What Twilio's SDK sends its requests through: the guarded client instead of axios. Lets failures of the way through as they are translated.
 * One for each call, so that the call's own signal ends it.
 */
export function twilioHttpClient(client: ProviderClient, call: ProviderCall): RequestClient {
  const request = async ({ method, uri, username = '', password = '', headers, params, data }: SdkRequest): Promise<SdkResponse> => {
    const url = new URL(uri);
    for (const [name, value] of fieldsOf(params)) url.searchParams.append(name, value);
    const body = data === undefined ? undefined : new URLSearchParams(fieldsOf(data)).toString();
    const response = await client.request(
      {
        method: method.toUpperCase() as Parameters<Egress['request']>[0]['method'],
        url: url.href,
        headers: { ...headers, authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
        ...(body === undefined ? {} : { body }),
      },
      call,
    );
    return { statusCode: response.status, body: response.head };
  };
  return { request } as unknown as RequestClient;
}

/** A list becomes the same field several times, as Twilio reads it. */
function fieldsOf(fields: unknown): [string, string][] {
  return Object.entries((fields ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((it) => it !== undefined && it !== null).map((it): [string, string] => [name, String(it)]),
  );
}
