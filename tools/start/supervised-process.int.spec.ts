import { startChild, waitFor } from '@angarium/testing';
import { isAlive } from './is-alive.js';
import { SupervisedProcess, type SupervisedOptions } from './supervised-process.js';

const policy = { maxRestarts: 3, windowMs: 60_000, firstPauseMs: 20, maxPauseMs: 1_000 };
const stays = 'console.log("at the stove"); setInterval(() => {}, 1000);';

const all: SupervisedProcess[] = [];

/** A process of a few lines under supervision, with everything that was said and when it was started. */
function supervise(script: string, options: Partial<SupervisedOptions> = {}) {
  const log: string[] = [];
  const starts: number[] = [];
  const pids: number[] = [];
  let output = () => '';
  const launch = () => {
    const child = startChild({ name: 'cook', command: process.execPath, args: ['-e', script] });
    starts.push(performance.now());
    pids.push(child.pid);
    output = child.output;
    return child;
  };
  const supervised = new SupervisedProcess({
    name: 'cook',
    launch,
    isReady: () => Promise.resolve(output().includes('at the stove')),
    graceMs: 2_000,
    policy,
    onReady: (pid, isRestart) => log.push(isRestart ? `back ${pid}` : 'ready'),
    onEnded: (text) => log.push(text),
    onGivenUp: (text) => log.push(text),
    ...options,
  });
  all.push(supervised);
  supervised.start();
  return { supervised, log, starts, pids, output: () => output() };
}

describe('a supervised process', () => {
  afterEach(async () => {
    for (const it of all.splice(0)) {
      it.kill();
      await it.stop();
    }
  });

  it('that crashes is started again, each time after a longer pause, until its restarts are used up; then its last words are told', async () => {
    const { supervised, log, starts } = supervise('console.log("the soup is burnt"); process.exit(3)');
    await waitFor(() => log.length === 4, { what: 'the end of all restarts' });
    expect(log.slice(0, 3)).toEqual([20, 40, 80].map((ms, i) => `cook ended with exit code 3; starting it again in ${ms} ms (${i + 1} of 3 within 60 s)`));
    expect(log[3]).toBe('cook ended with exit code 3 and is given up: it was started again 3 times already. The end of its output:\n    the soup is burnt');
    expect(starts).toHaveLength(4);
    expect(starts[3]! - starts[2]!).toBeGreaterThan(80);
    expect(supervised.pid).toBeUndefined();
    await supervised.stop();
  });

  it('that somebody kills comes back however often, as that is no crash', async () => {
    const { supervised, log, pids } = supervise(stays);
    await supervised.ready;
    for (let kills = 1; kills <= policy.maxRestarts + 1; kills++) {
      process.kill(pids.at(-1)!, kills % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      await waitFor(() => log.filter((it) => it.startsWith('back')).length === kills, { what: `restart ${kills}` });
    }
    expect(log).toContain('cook was killed by SIGKILL; starting it again in 20 ms');
    expect(supervised.pid).toBe(pids.at(-1));
    await supervised.stop();
  });

  it('that ends before it ever was ready has crashed, whatever its exit code', async () => {
    const { supervised, log } = supervise('process.exit(0)');
    await waitFor(() => log.length === 4, { what: 'the end of all restarts' });
    expect(log[3]).toMatch(/given up.*\n {4}\(it wrote nothing\)/);
    await supervised.stop();
  });

  it('whose configuration is faulty is not started again', async () => {
    const { supervised, log, starts } = supervise('console.log("GATEWAY_PORT is missing"); process.exit(2)');
    await waitFor(() => log.length > 0, { what: 'the end' });
    expect(log).toEqual(['cook ended with exit code 2 and is given up. The end of its output:\n    GATEWAY_PORT is missing']);
    expect(starts).toHaveLength(1);
    await supervised.stop();
  });

  it('ends by itself when it is asked to, and nothing is started after that', async () => {
    const { supervised, log, pids, output } = supervise(`process.on('SIGTERM', () => { console.log('washing up'); process.exit(0); }); ${stays}`);
    await supervised.ready;
    await supervised.stop();
    await supervised.stop();
    expect(output()).toContain('washing up');
    expect(log).toEqual(['ready']);
    expect(pids.map(isAlive)).toEqual([false]);
  });

  it('that does not listen is killed after the grace time', async () => {
    const { supervised, pids } = supervise(`process.on('SIGTERM', () => {}); ${stays}`, { graceMs: 50 });
    await supervised.ready;
    await supervised.stop();
    expect(pids.map(isAlive)).toEqual([false]);
  });

  it('that does not listen is killed at once by force', async () => {
    const { supervised, pids } = supervise(`process.on('SIGTERM', () => {}); ${stays}`, { graceMs: 60_000 });
    await supervised.ready;
    const stopping = supervised.stop();
    supervised.kill();
    await stopping;
    expect(pids.map(isAlive)).toEqual([false]);
  });

  it('can be stopped in the pause before a restart', async () => {
    const { supervised, log, starts } = supervise('process.exit(1)', { policy: { ...policy, firstPauseMs: 60_000, maxPauseMs: 60_000 } });
    await waitFor(() => log.length === 1, { what: 'the crash' });
    await supervised.stop();
    expect(starts).toHaveLength(1);
  });
});
