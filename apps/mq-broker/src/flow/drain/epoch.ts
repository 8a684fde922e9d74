import { randomUUID } from 'node:crypto';
import { toRedisError, type RedisConnection } from '@angarium/redis';

/**
 * Names one life of the data in Redis: a key that is lost with all the others. When it is gone, whatever this process believes
 * to be in Redis is gone as well: streams, groups, and who holds which message.
 */
export class Epoch {
  private known = '';
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly redis: RedisConnection,
    private readonly key: string,
  ) {}

  /** Short enough to stand in a receipt. Empty until Redis was asked for the first time. */
  get current(): string {
    return this.known;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Looks whether it is still the same life. Waits while Redis is away. @returns the name of it. */
  async refresh(): Promise<string> {
    try {
      const fresh = randomUUID().slice(0, 8);
      await this.redis.set(this.key, fresh, 'NX');
      const found = (await this.redis.get(this.key)) ?? fresh;
      if (found !== this.known) {
        this.known = found;
        for (const listener of this.listeners) listener();
      }
      return found;
    } catch (error) {
      throw toRedisError(error);
    }
  }
}
