import { startRedis, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { WatchedServer } from './watched-server.js';

describe('a server that npm start has started', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const it of cleanUps.splice(0)) await it();
  });

  it('comes back with its data, at the same address, however often it is killed', async () => {
    const server = await startRedis();
    const back: number[] = [];
    const watched = new WatchedServer({ name: 'Redis', server, onBack: (pid) => back.push(pid), policy: { maxRestarts: 1, windowMs: 60_000, firstPauseMs: 10, maxPauseMs: 10 } });
    const redis = new Redis(server.url);
    cleanUps.push(() => redis.disconnect(), () => watched.stop(), () => server.stop());
    redis.on('error', () => undefined); // it is killed on purpose
    await redis.set('soup', 'leek');
    for (const times of [1, 2]) {
      process.kill(server.pid, 'SIGKILL');
      await waitFor(() => back.length === times, { what: `Redis to be back for the ${times}. time` });
    }
    expect(await redis.get('soup')).toBe('leek');
    await watched.stop();
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
  });

  it('that cannot be started again is given up, with the reason', async () => {
    const said: string[] = [];
    let stops = 0;
    const broken = {
      pid: 999_999_999,
      restart: () => Promise.reject(new Error('the disk is full')),
      stop: () => Promise.resolve(void (stops += 1)),
    } as Partial<RunningServer> as RunningServer;
    const say = (text: string) => said.push(text);
    const watched = new WatchedServer({ name: 'Redis', server: broken, onEnded: say, onGivenUp: say, policy: { maxRestarts: 2, windowMs: 60_000, firstPauseMs: 1, maxPauseMs: 1 } });
    cleanUps.push(() => watched.stop());
    await waitFor(() => said.length === 3, { what: 'the last try' });
    expect(said).toEqual([
      'Redis ended; starting it again in 1 ms (1 of 2 within 60 s)',
      'Redis could not be started: the disk is full; starting it again in 1 ms (2 of 2 within 60 s)',
      'Redis could not be started: the disk is full',
    ]);
    await watched.stop();
    expect(stops).toBe(1);
  });
});
