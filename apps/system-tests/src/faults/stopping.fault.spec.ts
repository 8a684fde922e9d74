import { stopAfterTests, waitFor } from '@angarium/testing';
import { emailOf, mailsByAddress, startSystem, waitForMails, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
beforeAll(async () => {
  system = await startSystem({ replicas: { 'email-worker': 2, 'task-worker': 2 } });
});

// the load of a test ends with it, also when it fails
let isOver: boolean;
beforeEach(() => void (isOver = false));
afterEach(() => void (isOver = true));

describe('SIGTERM during load', () => {
  it('ends every service with exit code 0 within its grace time, after the work in flight; nothing is lost or done twice', async () => {
    const numbers: number[] = [];
    let next = 0;
    const registering = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const n = next++;
        await system.register(n);
        numbers.push(n);
      }
    });
    const stopping = system.services.filter(({ name }) => name === 'email-worker.1' || name === 'task-worker.1');
    await waitFor(() => system.inbox.count >= 15, { what: 'load' });
    const started = performance.now();
    for (const service of stopping) service.signal('SIGTERM');
    const exits = await Promise.all(stopping.map((service) => service.exited));
    const tookMs = performance.now() - started;
    isOver = true;
    await Promise.all(registering);
    expect(exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect(tookMs).toBeLessThan(10_000);
    await waitForMails(system.inbox, numbers.map(emailOf));
    expect([...(await mailsByAddress(system.inbox)).values()].every((count) => count === 1)).toBe(true);

    // the gateway answers what it has begun and takes nothing more
    const last = Array.from({ length: 8 }, (_, n) => system.register(10_000 + n).then(() => 'stored', () => 'refused'));
    await waitFor(async () => (await fetch(`${system.gateway.url}/health/live`)).ok, { what: 'the gateway to be at work' });
    system.gateway.signal('SIGTERM');
    expect(await system.gateway.exited).toEqual({ code: 0, signal: null });
    const outcomes = await Promise.all(last);
    const stored = outcomes.flatMap((outcome, n) => (outcome === 'stored' ? [emailOf(10_000 + n)] : []));
    await waitForMails(system.inbox, stored);
    console.info({ registered: numbers.length, workersStoppedMs: Math.round(tookMs), answeredWhileStopping: stored.length });
  });
});
