import { resolveLogger, type StreamsClientOptions } from './options.js';
import { RedisStreamsClient } from './redis-streams-client.js';

let shared: { readonly client: RedisStreamsClient; readonly options: StreamsClientOptions } | undefined;

/**
 * The one client of this process; the first call decides its options.
 * Later calls return the same client; options that differ from the first ones are logged as a warning and change nothing.
 */
export function getStreamsClient(options: StreamsClientOptions = {}): RedisStreamsClient {
  if (shared === undefined) {
    shared = { client: new RedisStreamsClient(options), options };
    return shared.client;
  }
  const { client, options: first } = shared;
  const inUse: StreamsClientOptions = { ...first, ...client.config };
  const ignored = (Object.keys(options) as (keyof StreamsClientOptions)[]).filter((name) => options[name] !== undefined && options[name] !== inUse[name]);
  if (ignored.length > 0) resolveLogger(first).warn({ ignored }, 'The shared streams client exists already; these options of a later call have no effect');
  return client;
}
