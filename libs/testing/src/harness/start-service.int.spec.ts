import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isFree, startService, stopAfterTests, stopAll, waitFor } from '../index.js';
import { allStarted } from './started.js';
import { lastLines } from './stop-after-tests.js';

/** Ready at its second look; ends on SIGTERM unless STUBBORN. */
const program = `
import { createServer } from 'node:http';
let looks = 0;
const server = createServer((request, reply) => {
  looks++;
  reply.writeHead(request.url !== '/health/ready' ? 404 : looks > Number(process.env.LOOKS ?? 1) ? 200 : 503).end('looks: ' + looks);
});
console.log(JSON.stringify({ args: process.argv.slice(2), NODE_ENV: process.env.NODE_ENV, own: process.env.JEST_WORKER_ID ?? 'none' }));
if (process.env.FAIL) { console.error('the soup is cold'); process.exit(3); }
server.listen(process.env.SOUP_COOK_PORT);
process.on('SIGTERM', () => { if (!process.env.STUBBORN) process.exit(0); });
`;

stopAfterTests();
let dir: string;
let main: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'angarium-service-'));
  main = join(dir, 'main.mjs');
  await writeFile(main, program);
});
afterEach(() => stopAll());
afterAll(() => rm(dir, { recursive: true }));

const name = 'soup-cook';

describe('a service of our own', () => {
  it('is ready when /health/ready answers 200, on a port that its variable tells', async () => {
    const it = await startService({ name, main, env: {}, args: ['--hot'] });
    await it.ready();
    expect(await (await fetch(`${it.url}/health/ready`)).text()).toBe('looks: 3');
    expect(it.output()).toContain('{"args":["--hot"],"NODE_ENV":"test","own":"none"}');
  });

  it('takes a given port, as a replica too', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const first = await startService({ name, main, env: { SOUP_COOK_PORT: String(one) } });
    const second = await startService({ name: `${name}.2`, main, env: {}, port: two });
    await Promise.all([first.ready(), second.ready()]);
    expect([first.url, second.url]).toEqual([`http://127.0.0.1:${one}`, `http://127.0.0.1:${two}`]);
  });

  it('says how it ended, with its last words, when it ends before it is ready', async () => {
    const it = await startService({ name, main, env: { FAIL: '1' } });
    await expect(it.ready()).rejects.toThrow(/soup-cook \(port \d+\) ended with code 3 before it was ready[^]*the soup is cold/);
    expect(await it.exited).toEqual({ code: 3, signal: null });
  });

  it('tells the last answer when it does not become ready in time', async () => {
    const it = await startService({ name, main, env: { LOOKS: '1000000' } });
    await waitFor(() => fetch(it.url), { what: 'an answer' });
    await expect(it.ready(200)).rejects.toThrow(/did not become ready: Waited 200 ms[^]*answered 503: looks: \d+/);
  });

  it('can be killed, and a stubborn one is killed when it does not stop in time', async () => {
    const one = await startService({ name, main, env: {} });
    await one.ready();
    await one.kill();
    expect(await one.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const two = await startService({ name, main, env: { STUBBORN: '1' } });
    await two.ready();
    await two.stop(50);
    await two.stop(50);
    expect(await two.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('stopAll', () => {
  it('stops what runs, also a service that is paused, and leaves free ports', async () => {
    const both = await Promise.all([startService({ name, main, env: {} }), startService({ name: 'soup-cook.2', main, env: {} })]);
    await Promise.all(both.map((it) => it.ready()));
    await both[1].kill('SIGSTOP');
    await stopAll();
    const orderly = { code: 0, signal: null };
    expect(await Promise.all(both.map((it) => it.exited))).toEqual([orderly, orderly]);
    expect(await Promise.all(both.map((it) => isFree(it.port)))).toEqual([true, true]);
    expect(allStarted()).toEqual([]);
  });

  it('has the last words of a service that died at hand for the report of a failed test', async () => {
    const it = await startService({ name, main, env: { FAIL: '1' } });
    await it.exited;
    expect(lastLines('a guest eats')).toMatch(/--- soup-cook, when "a guest eats" failed ---\n[^]*the soup is cold\n$/);
  });
});
