import { UserCreated, type PayloadOf } from '@angarium/contracts';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Controller, type INestApplication } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { DeadLetters, MessageBus, OnEvent, StreamsContext } from '../index.js';
import { startApp } from '../testing/start-app.js';
import { user } from '../testing/users.js';

const tries: { userId: string; attempt: number }[] = [];
const failing = new Set<string>();

@Controller()
class Mailer {
  @OnEvent(UserCreated)
  onUser(@Payload() { userId }: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext): void {
    tries.push({ userId, attempt: context.getAttempt() });
    if (failing.has(userId)) throw new Error('no ink');
  }
}
const triesOf = (n: number) => tries.filter(({ userId }) => userId === user(n).userId);

describe('a handler that fails', () => {
  let redis: RunningServer;
  let raw: Redis;
  let app: INestApplication;
  let bus: MessageBus;
  let dead: DeadLetters;
  const stream = () => bus.addresses.eventStream(UserCreated.name);

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    dead = new DeadLetters(raw);
    bus = new MessageBus({ service: 'shop', instance: 'shop-1', redisUrl: redis.url });
    app = await startApp({ service: 'mailer', instance: 'm1', redisUrl: redis.url }, [Mailer]);
  });

  afterAll(async () => {
    await app.close();
    await bus.close();
    raw.disconnect();
    await redis.stop();
  });

  it('is tried again with backoff, ends in the dead letters with its reason and trail, and holds up no neighbour', async () => {
    failing.add(user(1).userId);
    await bus.emit(UserCreated, user(1));
    await bus.emit(UserCreated, user(2));
    await waitFor(() => triesOf(2).length === 1, { what: 'the neighbour' });
    const [letter] = await waitForLetters(1);
    expect(triesOf(1).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(letter).toMatchObject({ type: 'user.created', group: 'mailer', attempts: 3, redrives: 0, reason: 'Error: no ink' });
    expect(letter?.trail).toEqual(Array(3).fill({ at: expect.any(String) as string, instance: 'm1', error: 'Error: no ink' }));
    expect(await raw.xpending(stream(), 'mailer')).toMatchObject([0, null, null, null]);
  });

  it('gets its message back by a redrive, once, with its id and a count', async () => {
    failing.clear();
    const [letter] = await dead.list('user.created', 'mailer');
    expect(await dead.redrive('user.created', 'mailer', letter?.id ?? '')).toBe(true);
    expect(await dead.redrive('user.created', 'mailer', letter?.id ?? '')).toBe(false);
    await waitFor(() => triesOf(1).length === 4, { what: 'the redriven message' });
    expect(await dead.list('user.created', 'mailer')).toEqual([]);
  });

  it('counts redrives when the message dies again', async () => {
    failing.add(user(3).userId);
    await bus.emit(UserCreated, user(3));
    await waitForLetters(1);
    expect(await dead.redriveAll('user.created', 'mailer')).toBe(1);
    const [again] = await waitFor(async () => {
      const letters = await dead.list('user.created', 'mailer');
      return letters[0]?.redrives === 1 && letters;
    }, { what: 'the second death' });
    expect(again).toMatchObject({ redrives: 1, attempts: 3 });
    failing.clear();
    await dead.redriveAll('user.created', 'mailer');
  });

  it('gives a redriven message to the service that gave it up and to no other', async () => {
    const heard: string[] = [];
    @Controller()
    class Archive {
      @OnEvent(UserCreated)
      onUser({ userId }: PayloadOf<typeof UserCreated>): void {
        heard.push(userId);
      }
    }
    const archive = await startApp({ service: 'archive', instance: 'a1', redisUrl: redis.url }, [Archive]);
    failing.add(user(4).userId);
    await bus.emit(UserCreated, user(4));
    await waitForLetters(1);
    failing.clear();
    await dead.redriveAll('user.created', 'mailer');
    await waitFor(() => triesOf(4).length === 4, { what: 'the redriven message' });
    await bus.emit(UserCreated, user(5));
    await waitFor(() => heard.includes(user(5).userId), { what: 'a later event' });
    expect(heard.filter((userId) => userId === user(4).userId)).toHaveLength(1);
    await archive.close();
  });

  it('never sees a payload that breaks the contract: it goes to the dead letters with the path, and reading goes on', async () => {
    const event = JSON.stringify(UserCreated.example);
    const attributes = { specversion: '1.0', id: 'x1', source: 'outside', type: 'user.created', time: new Date().toISOString(), datacontenttype: 'application/json' };
    const ours = { ...attributes, tenant: 'system', correlationid: 'c', sourceinstance: 'i' };
    const broken = JSON.stringify({ ...UserCreated.example, email: 'nobody' });
    const reasons = [
      ['event', JSON.stringify(ours), 'data', broken],
      ['event', JSON.stringify(ours), 'data', '{not json'],
      ['event', JSON.stringify(attributes), 'data', event],
      ['data', event],
      ['nonsense', 'x'],
    ];
    for (const fields of reasons) await raw.xadd(stream(), '*', ...fields);
    await bus.emit(UserCreated, user(6));
    await waitFor(() => triesOf(6).length === 1, { what: 'the event behind them' });
    const letters = await waitForLetters(reasons.length);
    expect(letters.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1]);
    const texts = letters.map(({ reason }) => reason).sort();
    expect(texts[0]).toMatch(/^CONTRACT_BROKEN: user\.created does not fit its contract: email: /);
    expect(texts.slice(1).every((text) => text.startsWith('ENTRY_UNREADABLE'))).toBe(true);
    expect(texts.join()).toContain('tenant');
    expect(texts.join()).not.toContain('nobody');
  });

  it('is never reached by untyped input that breaks the contract: the sender is told the path', async () => {
    const untyped = { ...user(7), username: 7 } as unknown as PayloadOf<typeof UserCreated>;
    await expect(bus.emit(UserCreated, untyped)).rejects.toMatchObject({ code: 'CONTRACT_BROKEN', details: { faults: [{ path: 'username' }] } });
    expect(triesOf(7)).toEqual([]);
  });

  async function waitForLetters(count: number) {
    return waitFor(async () => {
      const letters = await dead.list('user.created', 'mailer');
      return letters.length === count && letters;
    }, { what: `${count} dead letters` });
  }
});
