import { AngariumError, defineErrors } from '@angarium/errors';

export const RedisErrors = defineErrors({
  REDIS_UNAVAILABLE: {
    status: 503,
    blame: 'us',
    retry: 'when-available',
    summary: 'Redis does not answer.',
    cure: 'Try again; the service reconnects by itself.',
  },
  REDIS_REFUSED: {
    status: 503,
    blame: 'us',
    retry: 'later',
    summary: 'Redis refused a command.',
    cure: 'An operator should look at the reason: memory limit, disk, rights or a read-only replica.',
  },
  REDIS_NOT_DURABLE: {
    status: 500,
    blame: 'us',
    retry: 'never',
    summary: 'The durable Redis may lose messages.',
    cure: 'Set `appendonly yes` and `maxmemory-policy noeviction`, or REDIS_ALLOW_UNSAFE=true if losing messages is acceptable.',
  },
});

const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'NR_CLOSED']);
const connectionErrorNames = new Set(['MaxRetriesPerRequestError', 'AbortError', 'ClusterAllFailedError']);
/** Replies of a server that is starting, failing over, or without its master: it will answer soon. */
const soonReplies = ['LOADING', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'READONLY', 'UNBLOCKED', 'BUSY'];

/** Translates what ioredis throws, once: by code, name or reply prefix, never by free text. */
export function toRedisError(error: unknown): AngariumError {
  if (error instanceof AngariumError) return error;
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  const reply = typeof message === 'string' ? (message.split(' ', 1)[0] ?? '') : '';
  const isAway =
    connectionCodes.has(String(code)) ||
    connectionErrorNames.has(String(name)) ||
    soonReplies.includes(reply) ||
    name !== 'ReplyError';
  return isAway ? RedisErrors.REDIS_UNAVAILABLE(undefined, { cause: error }) : RedisErrors.REDIS_REFUSED(undefined, { cause: error });
}

/** First word of Redis' error reply (`NOGROUP`, `BUSYGROUP` …), or undefined where the error is not a reply. */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return error.message.split(' ', 1)[0];
}
