import { UserCreated, type PayloadOf } from '@angarium/contracts';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { DeadLetters, MessageBus, OnEvent, StreamsContext } from '../index.js';
import { startApp } from '../testing/start-app.js';
import { user } from '../testing/users.js';

describe('replicas of a service', () => {
  let redis: RunningServer;
  let raw: Redis;
  let bus: MessageBus;
  const stream = () => bus.addresses.eventStream('user.created');

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
  });

  afterAll(async () => {
    await bus.close();
    raw.disconnect();
    await redis.stop();
  });

  it('a message whose replica was not heard of is handled by another one', async () => {
    const handled: { userId: string; attempt: number }[] = [];
    @Controller()
    class Mailer {
      @OnEvent(UserCreated)
      onUser(@Payload() { userId }: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext): void {
        handled.push({ userId, attempt: context.getAttempt() });
      }
    }
    await raw.xgroup('CREATE', stream(), 'mailer', '0', 'MKSTREAM');
    await bus.emit(UserCreated, user(1));
    // a consumer that reads and is never heard of again
    await raw.xreadgroup('GROUP', 'mailer', 'dead-replica', 'COUNT', 10, 'STREAMS', stream(), '>');
    const app = await startApp({ service: 'mailer', instance: 'm2', redisUrl: redis.url }, [Mailer]);
    await waitFor(() => handled.length === 1, { what: 'the abandoned message' });
    expect(handled).toEqual([{ userId: user(1).userId, attempt: 2 }]);
    await app.close();
  });

  it('a handler that takes longer than the lease keeps its message', async () => {
    const begun: string[] = [];
    let release = () => undefined as void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    @Controller()
    class Slow {
      @OnEvent(UserCreated)
      async onUser({ userId }: PayloadOf<typeof UserCreated>): Promise<void> {
        begun.push(userId);
        if (userId === user(2).userId) await gate;
      }
    }
    const replicas = await Promise.all(['s1', 's2'].map((instance) => startApp({ service: 'slow', instance, redisUrl: redis.url, leaseMs: 600 }, [Slow])));
    await bus.emit(UserCreated, user(2));
    await waitFor(() => begun.includes(user(2).userId), { what: 'the handler to begin' });
    const heldSince = performance.now();
    await waitFor(() => performance.now() - heldSince > 2_000, { what: 'three leases to pass' });
    release();
    await waitFor(async () => (await raw.xpending(stream(), 'slow'))[0] === 0, { what: 'the acknowledgement' });
    expect(begun.filter((userId) => userId === user(2).userId)).toHaveLength(1);
    await Promise.all(replicas.map((replica) => replica.close()));
  });

  it('a message that no replica survives is given up after the last attempt', async () => {
    await raw.xgroup('CREATE', stream(), 'fragile', '$', 'MKSTREAM');
    await bus.emit(UserCreated, user(3));
    const [reply] = (await raw.xreadgroup('GROUP', 'fragile', 'dead-1', 'COUNT', 1, 'STREAMS', stream(), '>')) as [string, [string, string[]][]][];
    const id = reply?.[1][0]?.[0] ?? '';
    await raw.xclaim(stream(), 'fragile', 'dead-2', 0, id, 'IDLE', 60_000, 'RETRYCOUNT', 3);
    const handled: string[] = [];
    @Controller()
    class Fragile {
      @OnEvent(UserCreated)
      onUser({ userId }: PayloadOf<typeof UserCreated>): void {
        handled.push(userId);
      }
    }
    const app = await startApp({ service: 'fragile', instance: 'f1', redisUrl: redis.url }, [Fragile]);
    const [letter] = await waitFor(async () => {
      const letters = await new DeadLetters(raw).list('user.created', 'fragile');
      return letters.length > 0 && letters;
    }, { what: 'the dead letter' });
    expect(letter?.reason).toContain('ENTRY_ABANDONED');
    expect(handled).toEqual([]);
    await app.close();
  });

  it('a replica that stops lets running handlers end, gives the rest back at once, and leaves no consumer behind', async () => {
    const begun: string[] = [];
    const ended: string[] = [];
    const gates = new Map<string, () => void>();
    const replica = (name: string) => {
      @Controller()
      class Careful {
        @OnEvent(UserCreated, { retry: { baseMs: 60_000, capMs: 60_000 } })
        async onUser(@Payload() { userId }: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext): Promise<void> {
          begun.push(`${name} ${userId}`);
          if (userId === user(12).userId && context.getAttempt() === 1) throw new Error('later');
          if (userId === user(11).userId) await new Promise<void>((resolve) => gates.set(userId, resolve));
          ended.push(`${name} ${userId}`);
        }
      }
      return startApp({ service: 'careful', instance: name, redisUrl: redis.url, leaseMs: 30_000 }, [Careful]);
    };
    const first = await replica('first');
    await bus.emit(UserCreated, user(11));
    await bus.emit(UserCreated, user(12));
    await waitFor(() => begun.includes(`first ${user(11).userId}`) && begun.includes(`first ${user(12).userId}`), { what: 'both to begin' });
    const stopped = first.close();
    gates.get(user(11).userId)?.();
    await stopped;
    expect(ended).toContain(`first ${user(11).userId}`);
    // as if the lease of 30 s were over: any replica takes it at its next pass
    expect(await raw.xpending(stream(), 'careful', 'IDLE', 30_000, '-', '+', 10)).toHaveLength(1);
    @Controller()
    class Heir {
      @OnEvent(UserCreated)
      onUser({ userId }: PayloadOf<typeof UserCreated>): void {
        ended.push(`heir ${userId}`);
      }
    }
    const heir = await startApp({ service: 'careful', instance: 'heir', redisUrl: redis.url, leaseMs: 900 }, [Heir]);
    await waitFor(() => ended.includes(`heir ${user(12).userId}`), { what: 'the message given back', timeoutMs: 5_000 });
    expect(ended.filter((it) => it.endsWith(user(11).userId))).toHaveLength(1);
    await heir.close();
    expect(await raw.xinfo('CONSUMERS', stream(), 'careful')).toHaveLength(1);
  });
});
