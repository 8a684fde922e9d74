import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asPostgresUser, postgresOwner, type Invocation, type PostgresBinaries } from './postgres-binaries.js';

/** Name and password of the one role of an embedded server; it listens on 127.0.0.1 only. */
export const postgresRole = { user: 'angarium', password: 'angarium' } as const;

/**
 * Makes a data folder that a server can start on. A folder that holds one already is left alone.
 * `initdb` takes seconds, a copy of what it made takes 0.1 s: its result is kept in the cache, one for each version and user.
 * Two processes may do this at once.
 */
export async function prepareData(binaries: PostgresBinaries, dir: string): Promise<void> {
  if (existsSync(join(dir, 'PG_VERSION'))) return;
  await mkdir(dir, { recursive: true });
  const leftovers = await readdir(dir);
  if (leftovers.length > 0) throw new Error(`${dir} is neither empty nor a PostgreSQL data folder; empty it, or name another folder.`);
  const template = await templateFolder(binaries);
  await rm(dir, { recursive: true });
  await run({ command: 'cp', args: ['-R', '-p', template, dir] });
}

async function templateFolder(binaries: PostgresBinaries): Promise<string> {
  const owner = postgresOwner();
  const template = join(binaries.cacheDir, `postgres-${binaries.version}-${owner?.uid ?? process.getuid?.() ?? 'own'}`);
  if (existsSync(template)) return template;
  const making = await mkdtemp(`${template}-making-`);
  try {
    const data = join(making, 'data');
    const passwordFile = join(making, 'password');
    await mkdir(data, { mode: 0o700 });
    await writeFile(passwordFile, `${postgresRole.password}\n`);
    for (const path of owner ? [making, data, passwordFile] : []) await chown(path, owner!.uid, owner!.gid);
    const flags = [
      `--pgdata=${data}`,
      `--username=${postgresRole.user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin', // lower() knows letters outside ASCII, the same on every system
      '--builtin-locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ];
    await run(asPostgresUser(binaries.initdb, flags, data));
    await rename(data, template).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another process was faster; its folder is as good
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return template;
}

async function run({ command, args, uid, gid }: Invocation): Promise<void> {
  const child = spawn(command, args, { uid, gid, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with code ${code}:\n${output.slice(-4_000)}`);
}
