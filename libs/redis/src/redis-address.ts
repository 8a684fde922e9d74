import type { ClusterNode, RedisOptions } from 'ioredis';

/** Where a Redis is: one server, a master watched by sentinels, or a cluster. */
export type RedisAddress =
  | { readonly kind: 'single'; readonly options: RedisOptions }
  | { readonly kind: 'sentinel'; readonly options: RedisOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly ClusterNode[]; readonly options: RedisOptions };

/**
 * Reads `redis[s]://[user:password@]host:port[/db]`, `redis+sentinel://…@host:26379,host2:26379/master-name[/db]`
 * or `redis+cluster://…@host:6379,host2:6379`.
 * @throws TypeError when the form is another.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = /^(redis|rediss|redis\+sentinel|redis\+cluster):\/\/(?:([^@/]*)@)?([^/]+)(?:\/(.*))?$/.exec(url);
  const [, scheme, credentials, hosts, path = ''] = match ?? [];
  if (scheme === undefined || hosts === undefined) throw new TypeError('not a Redis URL; expected redis://host:port, redis+sentinel:// or redis+cluster://');
  const [username, password] = (credentials ?? '').split(':').map(decodeURIComponent);
  const login = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
  const nodes = hosts.split(',').map((node) => parseHost(node, scheme === 'redis+sentinel' ? 26_379 : 6379));
  const segments = path.split('/').filter(Boolean);
  if (scheme === 'redis+cluster') return { kind: 'cluster', nodes, options: login };
  if (scheme === 'redis+sentinel') {
    const [name = 'mymaster', db = '0'] = segments;
    return { kind: 'sentinel', options: { ...login, sentinels: nodes, name, db: Number(db) } };
  }
  const [db = '0'] = segments;
  return { kind: 'single', options: { ...login, ...nodes[0], db: Number(db), ...(scheme === 'rediss' ? { tls: {} } : {}) } };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  return { host: match?.[1] ?? match?.[2] ?? text, port: Number(match?.[3] ?? defaultPort) };
}
