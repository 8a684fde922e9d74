import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild, waitFor } from '@angarium/testing';

/** Longest wait until all are healthy, and for an orderly stop. */
const START_MS = 120_000;
const STOP_MS = 30_000;
/** Idle for this long before memory is read: start-up garbage is collected by then, mostly. */
const IDLE_MS = 30_000;

const ownServers = ['DATABASE_URL', 'REDIS_URL', 'REDIS_FAST_URL', 'SMTP_URL'];
const portVariables = ['GATEWAY', 'MQ_BROKER', 'REALTIME_GATEWAY', 'EMAIL_WORKER', 'SMS_WORKER', 'DEVICE_WORKER', 'TASK_WORKER', 'POSTGRES', 'REDIS', 'INBOX_SMTP', 'INBOX_HTTP'];

export interface Start {
  /** From starting the process to the line that says that all are healthy. */
  readonly healthyMs: number;
  /** Resident memory of each service when idle, bytes, by name. */
  readonly memory: ReadonlyMap<string, number>;
}

/**
 * Starts the whole system on free ports with its data in `dataDir`, reads its memory when idle, stops it.
 * @throws Error with the end of the output when it does not come up or does not stop in order.
 */
export async function oneStart(root: string, dataDir: string, withMemory: boolean): Promise<Start> {
  const startedAt = performance.now();
  let healthyMs: number | undefined;
  const child = startChild({
    name: 'npm start',
    command: process.execPath,
    args: [join(root, 'tools/run.mjs'), 'start', '--data', dataDir],
    cwd: root,
    env: cleanEnvironment(),
    orphanSignal: 'SIGTERM',
    onLine: (line) => {
      if (line.includes('Angarium is up')) healthyMs ??= performance.now() - startedAt;
    },
  });
  try {
    await waitFor(() => healthyMs !== undefined || !child.isRunning(), { what: 'all services to be healthy', timeoutMs: START_MS });
    if (healthyMs === undefined) throw new Error(`npm start did not come up. Its output:\n${child.output().slice(-4_000)}`);
    const memory = withMemory ? await idleMemory(join(dataDir, 'pids.json')) : new Map<string, number>();
    return { healthyMs, memory };
  } finally {
    await child.end('SIGTERM', STOP_MS);
  }
}

/** Without servers of the user's own, without npm's variables (this is no child of npm), and with ports that are free. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && !ownServers.includes(name));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(portVariables.map((it) => [`${it}_PORT`, '0'])), NO_COLOR: '1' };
}

async function idleMemory(pidsFile: string): Promise<Map<string, number>> {
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const pids = JSON.parse(await readFile(pidsFile, 'utf8')) as Record<string, number>;
  const names = new Map(Object.entries(pids).map(([name, pid]) => [pid, name]));
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', [...names.keys()].join(',')]);
  const rows = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return new Map(rows.map(([pid = 0, kilobytes = 0]) => [names.get(pid) ?? String(pid), kilobytes * 1_024]));
}
