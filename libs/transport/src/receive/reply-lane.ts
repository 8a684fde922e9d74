import { ignoreError, toAngariumError, AngariumError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { toJson } from '@angarium/streams';
import type { ReplyPacket } from '../reply-packet.js';

/** Publishes answers, those of one tick and channel in one message. A lost answer ends as the caller's deadline. */
export class ReplyLane {
  private readonly waiting = new Map<string, string[]>();

  constructor(
    private readonly redis: RedisConnection,
    private readonly logger: Logger,
  ) {}

  reply(channel: string, packet: ReplyPacket): void {
    if (this.waiting.size === 0) setImmediate(() => void this.flush());
    const text = toJson(packet);
    const list = this.waiting.get(channel);
    if (list) list.push(text);
    else this.waiting.set(channel, [text]);
  }

  /** Publishes what waits; resolves when Redis has it or cannot be reached. */
  async flush(): Promise<void> {
    const batches = [...this.waiting];
    this.waiting.clear();
    const sent = batches.map(([channel, packets]) => this.redis.publish(channel, `[${packets.join(',')}]`));
    await Promise.all(sent).catch(ignoreError(this.logger, 'reply-lane', 'the caller ends at its deadline'));
  }
}

/** An error as it travels to the caller: ours with code and verdict, a NestJS filter's object as it is, everything else as INTERNAL. */
export function errorPacket(error: unknown): unknown {
  if (error instanceof AngariumError) return error.toWire();
  const isFiltered = typeof error === 'string' || (typeof error === 'object' && error !== null && !(error instanceof Error));
  return isFiltered ? error : toAngariumError(error).toWire();
}
