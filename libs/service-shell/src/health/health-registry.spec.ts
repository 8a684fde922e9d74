import { HealthRegistry } from './health-registry.js';

const up = { name: 'stove', check: () => Promise.resolve({ degrees: 200 }) };
const down = { name: 'water', check: () => Promise.reject(new Error('tap is dry')) };

describe('readiness', () => {
  it('is given with the facts of every check', async () => {
    const health = new HealthRegistry();
    health.add(up);
    expect(await health.report()).toEqual({ status: 'ok', checks: { stove: { status: 'up', degrees: 200 } } });
  });

  it('is refused when one check fails, with its reason', async () => {
    const health = new HealthRegistry();
    health.add(up, down);
    expect(await health.report()).toMatchObject({ status: 'error', checks: { stove: { status: 'up' }, water: { status: 'down', reason: 'Error: tap is dry' } } });
  });

  it('is refused when a check does not answer within two seconds', async () => {
    const health = new HealthRegistry();
    health.add({ name: 'oven', check: () => new Promise(() => undefined) });
    expect(await health.report()).toMatchObject({ status: 'error', checks: { oven: { status: 'down', reason: expect.stringContaining('2000 ms') as string } } });
  });

  it('is refused from the moment a stop is announced', async () => {
    const health = new HealthRegistry();
    health.add(up);
    health.announceStop();
    expect(await health.report()).toMatchObject({ status: 'stopping' });
  });
});
