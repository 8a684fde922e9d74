import type { Answer, Question, User } from './numbered-users.js';

/** A way from one process to another that takes part. */
export interface Contender {
  /** Starts the receiving end: calls `onUser` for every event, answers every question with `answerTo`. @returns how to stop it. */
  consume(redisUrl: string, onUser: (user: User) => void): Promise<() => Promise<void>>;
  produce(redisUrl: string): Promise<Producer>;
}

export interface Producer {
  /** How many events one call of `emit` takes: more than 1 only where that is the contender's own way of sending one at a time. */
  readonly batchSize: number;
  /** Resolves when the events count as sent. */
  emit(users: readonly User[]): Promise<unknown>;
  request(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * What a sender may rely on when `emit` has resolved. D2: on disk (fsync) and redelivered until handled; D0: nowhere but in memory,
 * gone when the receiver is away.
 */
export type DurabilityClass = 'D0' | 'D2';

export interface ContenderInfo {
  /** File name of its code in contenders/. */
  readonly name: string;
  readonly title: string;
  readonly durability: DurabilityClass;
  readonly how: string;
}

/** Everybody who takes part, in the order of their turns. */
export const contenders: readonly ContenderInfo[] = [
  { name: 'angarium', title: 'Angarium', durability: 'D2', how: 'MessageBus to RedisStreamsServer, payloads checked at both ends, prefetch 256' },
  { name: 'nest-redis', title: 'NestJS Transport.REDIS', durability: 'D0', how: 'ClientRedis to @EventPattern / @MessagePattern over pub/sub, as documented' },
  { name: 'bullmq', title: 'BullMQ', durability: 'D2', how: 'queue.add to a worker of concurrency 100, finished jobs removed; requests by waitUntilFinished' },
  { name: 'raw-streams', title: 'raw ioredis streams', durability: 'D2', how: 'pipelines of 64 XADD, XREADGROUP COUNT 100, one XACK per batch; answers by pub/sub; the limit' },
];
