import { GetUser, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { defineErrors } from '@angarium/errors';
import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { ClientProxyFactory, Ctx, EventPattern, MessagePattern, Payload, RpcException, type ClientProxy } from '@nestjs/microservices';
import { Redis } from 'ioredis';
import { from, lastValueFrom, map, of, tap, throwError, timeout, toArray, type Observable } from 'rxjs';
import { MessageBus, OnEvent, OnRequest, RedisStreamsClientProxy, StreamsContext } from '../index.js';
import { startApp } from '../testing/start-app.js';
import { user } from '../testing/users.js';

const Errors = defineErrors({ USER_NOT_FOUND: { status: 404, blame: 'caller', retry: 'never', summary: 'No such user.', cure: 'Check the id.' } });
const heard: { by: string; what: unknown }[] = [];
const heardBy = (by: string) => heard.filter((it) => it.by === by).map(({ what }) => what);

@Injectable()
class OnlyEven implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getData<{ n: number }>().n % 2 === 0;
  }
}
@Injectable()
class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}
@Injectable()
class Increment implements PipeTransform<{ n: number }> {
  transform({ n }: { n: number }): { n: number } {
    return { n: n + 1 };
  }
}
@Catch()
class Politely implements ExceptionFilter {
  catch(): Observable<never> {
    return throwError(() => ({ code: 'POLITE', message: 'please try later' }));
  }
}

@Controller()
class Kitchen {
  @OnEvent(UserCreated)
  first(@Payload() { userId }: PayloadOf<typeof UserCreated>, @Ctx() context: StreamsContext): void {
    heard.push({ by: 'first', what: [userId, context.getAttributes().source, context.getStream(), context.getAttempt()] });
  }

  @OnEvent(UserCreated)
  second({ userId }: PayloadOf<typeof UserCreated>): Observable<string> {
    return of(userId).pipe(tap((what) => heard.push({ by: 'second', what })));
  }

  @OnRequest(GetUser)
  getUser({ userId }: PayloadOf<typeof GetUser>): ResponseOf<typeof GetUser> {
    if (userId === user(404).userId) throw Errors.USER_NOT_FOUND(`No user ${userId}`, { details: { userId } });
    return { ...GetUser.responseExample, userId };
  }

  @EventPattern<string>('soup.served')
  plain(@Payload() data: unknown): void {
    heard.push({ by: 'plain', what: data });
  }

  @MessagePattern({ cmd: 'sum' })
  sum(numbers: number[]): number {
    return numbers.reduce((a, b) => a + b, 0);
  }

  @MessagePattern('count')
  count({ to }: { to: number }): Observable<number> {
    return from(Array.from({ length: to }, (_, n) => n + 1));
  }

  @MessagePattern('nothing')
  nothing(): Promise<void> {
    return Promise.resolve();
  }

  @MessagePattern('never')
  never(): Promise<never> {
    return new Promise(() => undefined);
  }

  @MessagePattern('throws')
  throws({ kind }: { kind: string }): never {
    if (kind === 'rpc') throw new RpcException({ code: 'NO_SALT', message: 'no salt' });
    throw new Error('secret recipe');
  }

  @UseFilters(Politely)
  @MessagePattern('filtered')
  filtered(): never {
    throw new Error('rude');
  }

  @UseGuards(OnlyEven)
  @MessagePattern('guarded')
  guarded({ n }: { n: number }): number {
    return n;
  }

  @UseInterceptors(Doubling)
  @UsePipes(Increment)
  @MessagePattern('shaped')
  shaped({ n }: { n: number }): number {
    return n;
  }

  @Get('hello')
  hello(): string {
    return 'over HTTP';
  }
}

describe("NestJS' own features on the transport", () => {
  let redis: RunningServer;
  let app: INestApplication;
  let bus: MessageBus;
  let client: ClientProxy;
  const send = <T>(pattern: unknown, data: unknown) => lastValueFrom(client.send<T>(pattern, data));

  beforeAll(async () => {
    redis = await startRedis();
    bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    client = ClientProxyFactory.create({ customClass: RedisStreamsClientProxy, options: { service: 'shop', redisUrl: redis.url } });
    app = await startApp({ service: 'kitchen', redisUrl: redis.url }, [Kitchen]);
  });

  afterAll(async () => {
    await app.close();
    await client.close();
    await bus.close();
    await redis.stop();
  });

  it('@Payload and @Ctx give the typed payload and what is known of the message', async () => {
    await bus.emit(UserCreated, user(1));
    await waitFor(() => heardBy('first').length === 1, { what: 'the event' });
    expect(heardBy('first')).toEqual([[user(1).userId, 'shop', 'angarium:events:{user.created}', 1]]);
  });

  it('every handler of an event in one service is called, observables are awaited', async () => {
    await waitFor(() => heardBy('second').length === 1, { what: 'the second handler' });
    expect(heardBy('second')).toEqual([user(1).userId]);
  });

  it('several services each hear an event, one replica of each', async () => {
    @Controller()
    class Counting {
      @OnEvent(UserCreated)
      onUser({ userId }: PayloadOf<typeof UserCreated>): void {
        heard.push({ by: 'counting', what: userId });
      }
    }
    const replicas = await Promise.all(['c1', 'c2'].map((instance) => startApp({ service: 'counting', instance, redisUrl: redis.url }, [Counting])));
    await Promise.all([2, 3, 4, 5].map((n) => bus.emit(UserCreated, user(n))));
    const all = [1, 2, 3, 4, 5].map((n) => user(n).userId);
    await waitFor(() => heardBy('counting').length >= 5 && heardBy('first').length >= 5, { what: 'five events in both services' });
    expect([...heardBy('counting')].sort()).toEqual(all);
    await Promise.all(replicas.map((replica) => replica.close()));
  });

  it('a request is answered, and its typed error arrives with code, status and details', async () => {
    await expect(bus.send(GetUser, { userId: user(1).userId })).resolves.toMatchObject({ userId: user(1).userId });
    const refused = bus.send(GetUser, { userId: user(404).userId });
    await expect(refused).rejects.toMatchObject({ code: 'USER_NOT_FOUND', status: 404, details: { userId: user(404).userId } });
  });

  it('plain patterns work: strings, objects, events, values that are falsy or missing', async () => {
    await lastValueFrom(client.emit('soup.served', { hot: true }));
    await waitFor(() => heardBy('plain').length === 1, { what: 'the plain event' });
    expect(heardBy('plain')).toEqual([{ hot: true }]);
    await expect(send({ cmd: 'sum' }, [1, 2, 3])).resolves.toBe(6);
    await expect(send({ cmd: 'sum' }, [])).resolves.toBe(0);
    await expect(lastValueFrom(client.send('nothing', {}), { defaultValue: 'empty' })).resolves.toBe('empty');
  });

  it('an observable answers with every value', async () => {
    await expect(lastValueFrom(client.send<number>('count', { to: 4 }).pipe(toArray()))).resolves.toEqual([1, 2, 3, 4]);
    await expect(lastValueFrom(client.send<number>('count', { to: 0 }).pipe(toArray()))).resolves.toEqual([]);
  });

  it('guards refuse, interceptors and pipes shape', async () => {
    await expect(send('guarded', { n: 2 })).resolves.toBe(2);
    await expect(send('guarded', { n: 1 })).rejects.toBeDefined();
    await expect(send('shaped', { n: 1 })).resolves.toBe(4);
  });

  it('exception filters and RpcException decide what the caller hears; an unexpected error tells no secrets', async () => {
    await expect(send('filtered', {})).rejects.toEqual({ code: 'POLITE', message: 'please try later' });
    await expect(send('throws', { kind: 'rpc' })).rejects.toEqual({ code: 'NO_SALT', message: 'no salt' });
    await expect(send('throws', { kind: 'other' })).rejects.toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('secret') as string });
  });

  it('send with timeout ends in time, with RxJS and with our own deadline', async () => {
    await expect(lastValueFrom(client.send('never', {}).pipe(timeout(100)))).rejects.toMatchObject({ name: 'TimeoutError' });
    const ours = ClientProxyFactory.create({ customClass: RedisStreamsClientProxy, options: { service: 'shop', redisUrl: redis.url, timeoutMs: 150 } });
    await expect(lastValueFrom(ours.send('never', {}))).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    await ours.close();
  });

  it('a request that nobody answers ends at its deadline, and one whose deadline passed is not carried out', async () => {
    await expect(bus.send(GetUser, { userId: user(1).userId }, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    const lonely = ClientProxyFactory.create({ customClass: RedisStreamsClientProxy, options: { service: 'shop', redisUrl: redis.url, timeoutMs: 100 } });
    await expect(lastValueFrom(lonely.send('nobody.there', {}))).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    await lonely.close();
  });

  it('a request that is being answered is pending nowhere, so it is never carried out a second time by another replica', async () => {
    const raw = new Redis(redis.url);
    const stream = bus.addresses.requestStream('never');
    const unanswered = lastValueFrom(client.send('never', {}).pipe(timeout(500))).catch(() => undefined);
    const groups = async () => (await raw.xinfo('GROUPS', stream)) as (string | number)[][];
    await waitFor(async () => (await raw.xlen(stream)) > 0 && String((await groups())[0]?.[7]) !== '0-0', { what: 'the request to be read' });
    expect((await raw.xpending(stream, 'kitchen'))[0]).toBe(0);
    raw.disconnect();
    await unanswered;
  });

  it('the app is hybrid: it answers over HTTP as well', async () => {
    await app.listen(0, '127.0.0.1');
    const answer = await fetch(`${await app.getUrl()}/hello`);
    expect(await answer.text()).toBe('over HTTP');
  });

  it('a client checks what a contract declares, whatever untyped code hands it', async () => {
    await expect(lastValueFrom(client.emit('user.created', { userId: 'x' }))).rejects.toMatchObject({ code: 'CONTRACT_BROKEN' });
    await expect(send('user.get', { userId: 7 })).rejects.toMatchObject({ code: 'CONTRACT_BROKEN' });
  });
});
