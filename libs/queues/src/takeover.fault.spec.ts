import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startChild, startRedis, stopAfterTests, waitFor, type Child, type RunningServer } from '@angarium/testing';
import { QueueService } from './index.js';

const LOCK_MS = 3_000;
const mail = { to: 'ada@example.com', subject: 'Hello', text: 'Hello Ada' };
const folder = dirname(fileURLToPath(import.meta.url));
const bundle = join(folder, '../node_modules/.cache/angarium/takeover-worker.js');

let redis: RunningServer;
let queues: QueueService;
const children: Child[] = [];

beforeAll(async () => {
  // esbuild does not run inside Jest, so a process of its own runs it
  const script = `const [{ bundle }, { build }] = await Promise.all([import(process.argv[1]), import('esbuild')]); await build(bundle(process.argv[2], process.argv[3]));`;
  const options = pathToFileURL(join(folder, '../../../tools/build/options.mjs')).href;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script, options, join(folder, 'testing/takeover-worker.ts'), bundle], { env: { ...process.env, NODE_OPTIONS: '' }, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  redis = await startRedis();
  queues = new QueueService({ redisUrl: redis.url });
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end('SIGKILL', 0)));
});

afterAll(() => queues.close());
// below the hook above: connections are closed while their server is there
stopAfterTests();

async function startWorker(mode: 'hold' | 'block' | 'finish', lockMs = LOCK_MS): Promise<Child> {
  const child = startChild({ name: `worker.${mode}`, command: process.execPath, args: [bundle, redis.url, String(lockMs), mode], env: { NODE_OPTIONS: '' } });
  children.push(child);
  await says(child, `up ${mode}`);
  return child;
}
const says = (child: Child, line: string, timeoutMs = 20_000) => waitFor(() => child.output().includes(line), { what: `${child.name} to say "${line}"`, timeoutMs, everyMs: 5 });

describe('a job whose worker process is killed', () => {
  it.each([1, 2, 3])('is begun by another one within 5 s (round %i)', async (round) => {
    const key = `orphan-${round}`;
    const victim = await startWorker('hold');
    await queues.sendEmail(mail, { idempotencyKey: key });
    await says(victim, `begun ${key}`);
    const heir = await startWorker('finish');
    const killedAt = performance.now();
    await victim.end('SIGKILL', 0);
    await says(heir, `done ${key}`);
    expect(performance.now() - killedAt).toBeLessThan(5_000);
    expect(await waitFor(async () => (await queues.getJob('email', key)).state === 'completed', { what: 'its end' })).toBe(true);
  });
});

describe('a job of a worker that lives', () => {
  it('is not begun by another one while its own is blocked for two seconds', async () => {
    const blocked = await startWorker('block');
    await queues.sendEmail(mail, { idempotencyKey: 'blocked' });
    await says(blocked, 'begun blocked');
    const other = await startWorker('finish');
    await says(blocked, 'done blocked');
    expect(await waitFor(async () => (await queues.getJob('email', 'blocked')).state === 'completed', { what: 'its end' })).toBe(true);
    expect(other.output()).not.toContain('begun');
    expect(blocked.output().match(/begun blocked/g)).toHaveLength(1);
  });
});
