import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres, waitFor, type RunningServer } from '@angarium/testing';
import { makeFakeWorkspace, noneLeft, type FakeWorkspace, type Run } from './fake-workspace.js';

const timeoutMs = 60_000;

describe('npm start', () => {
  let workspace: FakeWorkspace;
  let postgres: RunningServer;
  let yours: Record<string, string>;
  const runs: Run[] = [];
  const run = (options?: Parameters<FakeWorkspace['run']>[0]) => {
    const it = workspace.run(options);
    runs.push(it);
    return it;
  };
  const isServer = (name: string) => (it: { command: string }) => it.command.includes(name) && !it.command.startsWith('/bin/sh');

  beforeAll(async () => {
    [workspace, postgres] = await Promise.all([makeFakeWorkspace(), startPostgres()]);
    // nobody listens there, and the fake services do not mind
    yours = { DATABASE_URL: postgres.url, REDIS_URL: 'redis://127.0.0.1:1', SMTP_URL: 'smtp://127.0.0.1:1' };
  });
  afterEach(async () => {
    for (const { child } of runs.splice(0)) await child.end('SIGTERM', 15_000);
  });
  afterAll(async () => {
    await Promise.all([postgres?.stop(), workspace?.remove()]);
  });

  it('brings up servers and services, and stops services before servers, leaving no process', async () => {
    const { child, up, processes } = run();
    await up();
    const running = processes();
    expect(running.filter(isServer('redis-server'))).toHaveLength(1);
    expect(running.filter(isServer('bin/postgres'))).toHaveLength(1);
    expect(child.output()).toMatch(/inbox +http:/);
    expect(await child.end('SIGTERM', 15_000)).toEqual({ code: 0, signal: null });
    expect(child.output()).toContain('sms-worker saw at its end: Redis true, Postgres true');
    expect(child.output()).toContain('task-worker saw at its end: Redis true, Postgres true');
    expect(child.output()).toMatch(/Stopped\.\n$/);
    await noneLeft(running);
    expect((await readdir(join(workspace.folder, '.data'))).sort()).toEqual(['postgres', 'redis', 'secrets.json']);
  }, timeoutMs);

  it('leaves no process when it is killed outright', async () => {
    const { child, up, processes } = run();
    await up();
    const running = processes();
    await child.end('SIGKILL', 0);
    await noneLeft(running, 20_000);
  }, timeoutMs);

  it('uses the servers of the user and starts none of that kind', async () => {
    const { child, up, processes } = run({ env: yours });
    await up();
    expect(processes().filter((it) => isServer('redis-server')(it) || isServer('bin/postgres')(it))).toEqual([]);
    expect(child.output()).toContain('redis=redis://127.0.0.1:1');
    expect(child.output()).toMatch(/Redis +redis:\/\/127\.0\.0\.1:1 +yours/);
    expect(child.output()).not.toMatch(/inbox +http:/);
  }, timeoutMs);

  it('says of a second start which ports are busy, who has them and what to set, and leaves the first one alone', async () => {
    const first = run({ env: yours });
    await first.up();
    const holder = await readFile(join(workspace.folder, '.data/start.lock'), 'utf8');
    const second = run({ env: yours });
    expect(await second.child.exited).toEqual({ code: 1, signal: null });
    expect(second.child.output()).toMatch(/\d+ for sms-worker: taken by process \d+ \(.*sms-worker\/dist\/main\.js\)\. Set SMS_WORKER_PORT\./);
    expect(second.child.output()).toContain(`Angarium runs already, as process ${first.child.pid}`);
    expect(second.processes()).toEqual([]);
    expect(await readFile(join(workspace.folder, '.data/start.lock'), 'utf8')).toBe(holder);
    expect(first.child.isRunning()).toBe(true);
  }, timeoutMs);

  it('runs replicas on ports of their own, and brings back one that is killed', async () => {
    const { child, up, pidOf } = run({ env: yours, args: ['--scale', 'sms-worker=2'] });
    await up();
    const urls = [...child.output().matchAll(/^ +sms-worker\.\d +(\S+)/gm)].map((it) => it[1]);
    expect(new Set(urls).size).toBe(2);
    const [first, second] = [await pidOf('sms-worker.1'), await pidOf('sms-worker.2')];
    process.kill(first, 'SIGKILL');
    await waitFor(() => child.output().includes('sms-worker.1 is back'), { what: 'the restart' });
    await waitFor(async () => ![0, first].includes(await pidOf('sms-worker.1')), { what: 'its new number in pids.json' });
    expect(await pidOf('sms-worker.2')).toBe(second);
    expect((await fetch(`${urls[0]}/health/ready`)).ok).toBe(true);
  }, timeoutMs);

  it('gives up a service that does not stay up: everything stops, exit code 1, the end of its output', async () => {
    const { child } = run({ env: { ...yours, FAKE_SMS_WORKER_PORT: 'crash' } });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output()).toContain('sms-worker ended with exit code 3; starting it again in 100 ms (1 of 5 within 60 s)');
    expect(child.output()).toMatch(/sms-worker ended with exit code 3 and is given up: it was started again 5 times already.*\n +the soup is burnt/);
    expect(child.output()).toContain('task-worker stops');
    expect(existsSync(join(workspace.folder, '.data/start.lock'))).toBe(false);
  }, timeoutMs);

  it('does not try again what is misconfigured', async () => {
    const { child } = run({ env: { ...yours, FAKE_SMS_WORKER_PORT: 'misconfigured' } });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.output()).toMatch(/sms-worker ended with exit code 2 and is given up.*\n +SOUP_URL is not set/);
    expect(child.output()).not.toContain('starting it again');
  }, timeoutMs);

  it('does not wait for a service that hangs once it is asked to stop for the second time', async () => {
    const { child, up, processes } = run({ env: { ...yours, FAKE_SMS_WORKER_PORT: 'deaf', SHUTDOWN_GRACE_MS: '600000' } });
    await up();
    const running = processes();
    child.signal('SIGINT');
    await waitFor(() => child.output().includes('sms-worker stops'), { what: 'the stop to begin' });
    await waitFor(() => child.signal('SIGINT') ?? child.output().includes('Forced'), { what: 'a Ctrl-C that is not taken for the first one', everyMs: 300 });
    expect(await child.exited).toEqual({ code: 130, signal: null });
    await noneLeft(running);
  }, timeoutMs);

  it('ends in order when the npm that runs it is told to end, or is killed', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { child, up, processes } = run({ env: yours, command: ['npm', 'start', '--'] });
      await up();
      const running = processes();
      child.signal(signal);
      await noneLeft(running);
      expect(existsSync(join(workspace.folder, '.data/start.lock'))).toBe(false);
    }
  }, timeoutMs);
});
