import { createAddresses, deadLetterFields, entryFields, type Addresses } from '@angarium/contracts';
import { toRedisError, type RedisConnection } from '@angarium/redis';
import { readField, StreamOperations, type FlatFields } from '@angarium/streams';
import type { Attempt } from '../receive/held-entry.js';

const PAGE_COUNT = 100;

/** A message that a service gave up. */
export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly group: string;
  readonly reason: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly diedAt: string;
  readonly trail: readonly Attempt[];
  /** CloudEvents attributes as they came, unchecked (they may be what was wrong). */
  readonly event: string | undefined;
  readonly data: string | undefined;
}

/** Looks at what services gave up and gives it back to them. */
export class DeadLetters {
  private readonly operations: StreamOperations;
  private readonly addresses: Addresses;

  constructor(
    private readonly redis: RedisConnection,
    namespace?: string,
  ) {
    this.operations = new StreamOperations(redis);
    this.addresses = createAddresses(namespace);
  }

  /** Dead letters of an event type and a service (its group), oldest first, from behind `after`. */
  async list(type: string, group: string, page: { count?: number; after?: string } = {}): Promise<DeadLetter[]> {
    const start = page.after === undefined ? '-' : `(${page.after}`;
    try {
      const rows = await this.redis.xrange(this.deadStream(type, group), start, '+', 'COUNT', page.count ?? PAGE_COUNT);
      return rows.map(([id, fields]) => toDeadLetter(id, type, group, fields));
    } catch (error) {
      throw toRedisError(error);
    }
  }

  /**
   * Gives one dead letter back to the service that gave it up (to no other), in one step. It keeps its message id and counts the redrive.
   * @returns false when there is no such dead letter (any more): redriving twice does it once.
   */
  async redrive(type: string, group: string, id: string): Promise<boolean> {
    const stream = this.addresses.eventStream(type);
    const entry = await this.operations.redrive({ deadStream: this.deadStream(type, group), stream, group, id });
    return entry !== undefined;
  }

  /** Gives all back that are there now. @returns how many. */
  async redriveAll(type: string, group: string): Promise<number> {
    let count = 0;
    const newest = await this.redis.xrevrange(this.deadStream(type, group), '+', '-', 'COUNT', 1);
    const last = newest[0]?.[0];
    if (last === undefined) return 0;
    for (let after: string | undefined; after !== last; ) {
      const page = await this.list(type, group, after === undefined ? {} : { after });
      if (page.length === 0) break;
      for (const { id } of page) {
        after = id;
        if (await this.redrive(type, group, id)) count += 1;
        if (id === last) break;
      }
    }
    return count;
  }

  private deadStream(type: string, group: string): string {
    return this.addresses.deadLetterStream(this.addresses.eventStream(type), group);
  }
}

function toDeadLetter(id: string, type: string, group: string, fields: FlatFields): DeadLetter {
  const read = (name: string) => readField(fields, name);
  return {
    ...{ id, type, group },
    reason: read(deadLetterFields.reason) ?? '',
    attempts: Number(read(deadLetterFields.attempts) ?? 0),
    redrives: Number(read(deadLetterFields.redrives) ?? 0),
    diedAt: read(deadLetterFields.diedAt) ?? '',
    trail: JSON.parse(read(deadLetterFields.trail) ?? '[]') as Attempt[],
    event: read(entryFields.event),
    data: read(entryFields.data),
  };
}
