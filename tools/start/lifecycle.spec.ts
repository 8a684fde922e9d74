import { Interrupted, Lifecycle } from './lifecycle.js';

function later() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((it) => (resolve = it));
  return { promise, resolve };
}

describe('the order in which everything stops', () => {
  it('is from the highest stage down, each stage waiting for all of the one above', async () => {
    const lifecycle = new Lifecycle();
    const log: string[] = [];
    const slow = later();
    const add = (stage: number, name: string, wait = Promise.resolve()) =>
      lifecycle.start(stage, () => Promise.resolve(name), () => ({ stop: () => wait.then(() => log.push(name)) }));
    await add(1, 'database');
    await add(2, 'service');
    await add(2, 'slow service', slow.promise);
    const stopping = lifecycle.stopAll();
    await Promise.resolve();
    slow.resolve();
    await stopping;
    expect(log).toEqual(['service', 'slow service', 'database']);
  });

  it('includes what was still starting when the stop began', async () => {
    const lifecycle = new Lifecycle();
    const log: string[] = [];
    const starting = later();
    const start = lifecycle.start(1, () => starting.promise, () => ({ stop: () => Promise.resolve(log.push('stopped')) }));
    const stopping = lifecycle.stopAll();
    starting.resolve();
    await Promise.all([start, stopping]);
    expect(log).toEqual(['stopped']);
  });

  it('admits nothing new once the stop has begun', async () => {
    const lifecycle = new Lifecycle();
    await lifecycle.stopAll();
    let hasStarted = false;
    const start = () => Promise.resolve((hasStarted = true));
    await expect(lifecycle.start(1, start, () => ({ stop: () => Promise.resolve() }))).rejects.toThrow(Interrupted);
    expect(hasStarted).toBe(false);
  });

  it('goes on when one cannot be stopped, and tells its error', async () => {
    const lifecycle = new Lifecycle();
    const log: string[] = [];
    await lifecycle.start(2, () => Promise.resolve(), () => ({ stop: () => Promise.reject(new Error('stuck')) }));
    await lifecycle.start(1, () => Promise.resolve(), () => ({ stop: () => Promise.resolve(log.push('database')) }));
    expect(await lifecycle.stopAll()).toEqual([new Error('stuck')]);
    expect(log).toEqual(['database']);
  });

  it('forgets a start that failed', async () => {
    const lifecycle = new Lifecycle();
    const failing = lifecycle.start(1, () => Promise.reject(new Error('no')), () => ({ stop: () => Promise.reject(new Error('never')) }));
    await expect(failing).rejects.toThrow('no');
    expect(await lifecycle.stopAll()).toEqual([]);
  });

  it('is hurried by force', async () => {
    const lifecycle = new Lifecycle();
    const hanging = later();
    await lifecycle.start(1, () => Promise.resolve(), () => ({ stop: () => hanging.promise, force: hanging.resolve }));
    const stopping = lifecycle.stopAll();
    lifecycle.forceAll();
    expect(await stopping).toEqual([]);
  });
});
