import { jest } from '@jest/globals';
import { connect } from 'node:net';
import { GetUser, UserCreated, type PayloadOf, type ResponseOf } from '@angarium/contracts';
import { defineConfig, redisVariables, serviceVariables, transportVariables, variable } from '@angarium/config';
import { freePort, startRedis, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { MessageBus, OnEvent, OnRequest } from '@angarium/transport';
import { Controller, Module } from '@nestjs/common';
import { InjectConfig, startService } from '../index.js';

stopAfterTests();
const heard: string[] = [];

const config = defineConfig('kitchen', {
  KITCHEN_PORT: variable.port({ description: 'Port of the kitchen.', default: 0 }),
  ...serviceVariables,
  ...redisVariables,
  ...transportVariables,
});

@Controller()
class Kitchen {
  constructor(@InjectConfig() private readonly settings: { INSTANCE_ID: string }) {}

  @OnEvent(UserCreated)
  onUser({ userId }: PayloadOf<typeof UserCreated>): void {
    heard.push(`${this.settings.INSTANCE_ID} ${userId}`);
  }

  @OnRequest(GetUser)
  getUser({ userId }: PayloadOf<typeof GetUser>): ResponseOf<typeof GetUser> {
    return { ...GetUser.responseExample, userId };
  }
}

@Module({ controllers: [Kitchen] })
class KitchenModule {}

describe('a main.ts of a few lines', () => {
  const before = { ...process.env };
  let redis: RunningServer;
  let port: number;

  beforeAll(async () => {
    redis = await startRedis();
    port = await freePort();
    Object.assign(process.env, { REDIS_URL: redis.url, KITCHEN_PORT: String(port), INSTANCE_ID: 'kitchen-1', LOG_LEVEL: 'silent' });
  });

  afterAll(() => {
    process.env = before;
    jest.restoreAllMocks();
    for (const signal of ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection']) process.removeAllListeners(signal);
  });

  it('is a whole service: health, metrics, handlers, requests, and an end with exit code 0 on SIGTERM', async () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    await startService({ config, portOf: (it) => it.KITCHEN_PORT, module: () => KitchenModule, transport: ['handlers', 'signals'] }, []);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(async () => (await fetch(`${url}/health/ready`)).ok, { what: 'readiness' });
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ status: 'ok', checks: { redis: { status: 'up' }, 'stream-consumer': { status: 'up', streams: 2 } } });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('service="kitchen"');

    const bus = new MessageBus({ service: 'shop', redisUrl: redis.url });
    await bus.emit(UserCreated, UserCreated.example);
    await waitFor(() => heard.length === 1, { what: 'the event' });
    expect(heard).toEqual([`kitchen-1 ${UserCreated.example.userId}`]);
    await expect(bus.send(GetUser, GetUser.example)).resolves.toEqual(GetUser.responseExample);
    await bus.close();

    // as browsers open them in advance: nothing is ever said on it
    const silent = connect(port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    process.emit('SIGTERM', 'SIGTERM');
    await waitFor(() => exit.mock.calls.length > 0, { what: 'the end' });
    silent.destroy();
    expect(exit.mock.calls[0]).toEqual([0]);
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('says what is wrong with its configuration and begins nothing', async () => {
    const written = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    process.env['LOG_LEVEL'] = 'loud';
    await startService({ config, portOf: (it) => it.KITCHEN_PORT, module: () => KitchenModule }, []);
    expect(process.exitCode).toBe(2);
    process.exitCode = 0;
    expect(String(written.mock.calls[0]?.[0])).toContain('LOG_LEVEL is "loud"');
  });
});
