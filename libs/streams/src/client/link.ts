import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { AngariumError } from '@angarium/errors';
import { closeRedis, type RedisConnection, RedisErrors, toRedisError } from '@angarium/redis';
import { StreamOperations } from '../stream-operations.js';
import { untilReady } from './until-ready.js';

/** While Redis is loading or failing over it answers at once; asking again sooner would only heat it. */
const SOON_MS = 25;

/** The connection for everything that does not block, and the rule how long a call waits for Redis. */
export class Link {
  readonly operations: StreamOperations;
  private readonly closed = new AbortController();

  constructor(
    readonly redis: RedisConnection,
    readonly timeoutMs: number,
  ) {
    this.operations = new StreamOperations(redis);
    // As many calls as there are streams may wait for Redis at a time.
    setMaxListeners(0, this.closed.signal);
  }

  get isReady(): boolean {
    return this.redis.status === 'ready' && !this.isClosed;
  }

  get isClosed(): boolean {
    return this.closed.signal.aborted || this.redis.status === 'end';
  }

  /** @returns false when Redis did not come back within `ms`, or the link was closed. */
  whenReady(ms = this.timeoutMs): Promise<boolean> {
    return untilReady(this.redis, ms, this.closed.signal);
  }

  /**
   * Does something that may be done twice without harm: waits for Redis and repeats it over a lost connection.
   * @throws REDIS_UNAVAILABLE when it has not succeeded within `timeoutMs`; REDIS_REFUSED at once.
   */
  async run<T>(what: string, work: (operations: StreamOperations) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.timeoutMs;
    const tooLate = (cause?: AngariumError) => RedisErrors.REDIS_UNAVAILABLE(`Redis did not answer "${what}" within ${this.timeoutMs} ms.`, { cause });
    for (;;) {
      if (!(await this.whenReady(deadline - performance.now()))) throw tooLate();
      try {
        return await within(work(this.operations), deadline - performance.now(), tooLate);
      } catch (error) {
        const reason = toRedisError(error);
        if (reason.code !== RedisErrors.REDIS_UNAVAILABLE.code) throw reason;
        if (performance.now() + SOON_MS >= deadline) throw tooLate(reason);
      }
      await pause(SOON_MS);
    }
  }

  /** Ends the connection and every wait for it. Idempotent. */
  close(): Promise<void> {
    this.closed.abort();
    return closeRedis(this.redis);
  }
}

async function within<T>(work: Promise<T>, ms: number, tooLate: () => AngariumError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
