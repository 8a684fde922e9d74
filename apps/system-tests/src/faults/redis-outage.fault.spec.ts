import { stopAfterTests, waitFor } from '@angarium/testing';
import { Redis } from 'ioredis';
import { emailOf, mailsByAddress, startSystem, waitForMails, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
beforeAll(async () => {
  system = await startSystem();
});

describe('Redis away', () => {
  it('registrations are answered all the same, their mails follow when it is back, and no service exits', async () => {
    await system.register(0);
    await waitForMails(system.inbox, [emailOf(0)]);
    await system.redis.kill('SIGKILL');
    const during = [1, 2, 3, 4, 5];
    for (const n of during) await system.register(n);
    const asked = await system.get('/audit?subject=x');
    expect(asked.status).toBe(504);
    expect((await fetch(`${system.gateway.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${system.gateway.url}/health/ready`)).status).toBe(503);
    const replica = await system.start('task-worker');
    await waitFor(async () => (await fetch(`${replica.url}/health/live`)).ok, { what: 'one more replica to live' });
    replica.signal('SIGTERM');
    expect(await replica.exited).toEqual({ code: 0, signal: null });
    await system.redis.restart();
    await waitForMails(system.inbox, during.map(emailOf));
    await waitFor(async () => (await fetch(`${system.gateway.url}/health/ready`)).ok, { what: 'the gateway to be ready again' });
    expect((await system.get('/audit?subject=x')).status).toBe(200);
    expect(system.services.filter((service) => !service.isRunning()).map(({ name }) => name)).toEqual(['task-worker.2']);
  });

  it('and coming back empty: new registrations flow without a restart of anything', async () => {
    const redis = new Redis(system.redis.url);
    await redis.flushall();
    redis.disconnect();
    for (const n of [11, 12, 13]) await system.register(n);
    await waitForMails(system.inbox, [11, 12, 13].map(emailOf));
    expect([...(await mailsByAddress(system.inbox)).values()].every((count) => count === 1)).toBe(true);
    const user = await system.register(14);
    await waitFor(async () => ((await (await system.get(`/users/${user.userId}`)).json()) as { profile: unknown }).profile !== null, { what: 'the profile' });
  });
});
