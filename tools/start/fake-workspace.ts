import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startChild, waitFor, type Child } from '@angarium/testing';
import { isAlive } from './is-alive.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fakes = { 'sms-worker': 'SMS_WORKER_PORT', 'task-worker': 'TASK_WORKER_PORT' };

/** A service of a few lines. What it does wrong is said by FAKE_<its port's variable>: crash, misconfigured, deaf. */
const serviceSource = (name: string, variable: string) => `
import { createServer } from 'node:http';
import { connect } from 'node:net';
const say = (msg: string) => console.log(JSON.stringify({ level: 'info', time: new Date().toISOString(), service: '${name}', msg, redis: process.env.REDIS_URL }));
const fault = process.env.FAKE_${variable};
if (fault === 'crash') { console.error('the soup is burnt'); process.exit(3); }
if (fault === 'misconfigured') { console.error('SOUP_URL is not set'); process.exit(2); }
createServer((_, answer) => answer.end('ok')).listen(Number(process.env.${variable}), '127.0.0.1', () => say('${name} is up'));
const isThere = (url: string) => new Promise((resolve) => {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname, () => resolve(true)).on('error', () => resolve(false));
  socket.unref();
});
process.on('SIGTERM', async () => {
  say('${name} stops');
  if (fault === 'deaf') return;
  await new Promise((resolve) => setTimeout(resolve, 300)); // its work in flight, which needs the servers to the end
  const [redis, postgres] = await Promise.all([isThere(process.env.REDIS_URL!), isThere(process.env.DATABASE_URL!)]);
  say('${name} saw at its end: Redis ' + redis + ', Postgres ' + postgres);
  process.exit(0);
});
`;

/** A run of the real tools/start in a workspace of its own. */
export interface Run {
  readonly child: Child;
  /** Resolves when the addresses are on the screen. */
  readonly up: () => Promise<unknown>;
  /** Every process below this one, itself included, as the system lists them now. */
  readonly processes: () => { pid: number; command: string }[];
  readonly pidOf: (service: string) => Promise<number>;
}

export interface FakeWorkspace {
  readonly folder: string;
  readonly run: (options?: { args?: readonly string[]; env?: Readonly<Record<string, string>>; command?: readonly string[] }) => Run;
  readonly remove: () => Promise<void>;
}

/** A workspace with two fake services and no migrations, on ports of its own; everything else in it is the real thing. */
export async function makeFakeWorkspace(): Promise<FakeWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), 'angarium-workspace-'));
  await mkdir(join(folder, 'tools'));
  await symlink(join(root, 'tools/build'), join(folder, 'tools/build'));
  await mkdir(join(folder, 'prisma/migrations'), { recursive: true });
  await cp(join(root, 'prisma/schema'), join(folder, 'prisma/schema'), { recursive: true });
  await cp(join(root, 'prisma/migrations/migration_lock.toml'), join(folder, 'prisma/migrations/migration_lock.toml'));
  for (const [name, variable] of Object.entries(fakes)) {
    await mkdir(join(folder, 'apps', name, 'src'), { recursive: true });
    await writeFile(join(folder, 'apps', name, 'src/main.ts'), serviceSource(name, variable));
  }
  const start = `${process.execPath} --enable-source-maps ${bundledTool()}`;
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', scripts: { start } }));
  const ports = ['SMS_WORKER_PORT', 'TASK_WORKER_PORT', 'POSTGRES_PORT', 'REDIS_PORT', 'INBOX_SMTP_PORT', 'INBOX_HTTP_PORT'];
  const ownPorts = Object.fromEntries(await Promise.all(ports.map(async (it) => [it, String(await freePort())] as const)));

  return {
    folder,
    run: ({ args = [], env = {}, command = start.split(' ') } = {}) => {
      const [program = '', ...rest] = command;
      const only = args.includes('--only') ? [] : ['--only', Object.keys(fakes).join(',')];
      const child = startChild({
        name: 'npm start',
        command: program,
        args: [...rest, ...only, ...args],
        cwd: folder,
        // not ours: these tests may themselves run under npm, or with colours asked for
        env: { ...process.env, npm_lifecycle_event: undefined, FORCE_COLOR: undefined, ...ownPorts, ...env },
        orphanSignal: 'SIGTERM',
      });
      const isUpOrGone = () => !child.isRunning() || child.output().includes('Angarium is up');
      const up = async () => {
        await waitFor(isUpOrGone, { what: 'the start', timeoutMs: 25_000, everyMs: 50 });
        if (!child.isRunning()) throw new Error(`It ended:\n${child.output()}`);
      };
      const pidOf = async (service: string) => (JSON.parse(await readFile(join(folder, '.data/pids.json'), 'utf8')) as Record<string, number>)[service] ?? 0;
      return { child, up, pidOf, processes: () => descendants(child.pid) };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Resolves when none of these processes runs; else the error names those that do, and they are killed. */
export async function noneLeft(processes: readonly { pid: number; command: string }[], timeoutMs = 15_000): Promise<void> {
  const left = () => processes.filter(({ pid }) => isAlive(pid));
  await waitFor(() => left().length === 0, { what: 'all processes to be gone', timeoutMs, everyMs: 50 }).catch((cause: unknown) => {
    const names = left().map(({ pid, command }) => `${pid} ${command}`);
    for (const { pid } of left()) process.kill(pid, 'SIGKILL');
    throw new Error(`Processes are left:\n${names.join('\n')}`, { cause });
  });
}

/** The tool as `npm start` would bundle it, up to date. */
function bundledTool(): string {
  const script = `import { bundleTool } from ${JSON.stringify(join(root, 'tools/run/bundle-tool.mjs'))}; console.log(await bundleTool('start')); process.exit();`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  if (status !== 0) throw new Error(`tools/start could not be bundled:\n${stderr}`);
  return stdout.trim();
}

function descendants(root: number): { pid: number; command: string }[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 10_000_000 });
  const all = stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), command: command ?? '' }];
  });
  const below = (pid: number): typeof all => all.filter((it) => it.ppid === pid).flatMap((it) => [it, ...below(it.pid)]);
  return [...all.filter((it) => it.pid === root), ...below(root)];
}
