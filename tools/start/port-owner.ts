import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Who listens on a port, as far as the system lets us see. */
export interface PortOwner {
  readonly pid: number;
  /** Its command line, shortened. */
  readonly command: string;
}

const listening = '0A';
const maxLength = 100;

/** The process that listens on this TCP port; undefined when it cannot be found (another user's, or no way to ask). */
export async function portOwner(port: number): Promise<PortOwner | undefined> {
  const pid = process.platform === 'linux' ? await ownerByProc(port) : await ownerByLsof(port);
  return pid === undefined ? undefined : { pid, command: await commandOf(pid) };
}

async function ownerByProc(port: number): Promise<number | undefined> {
  const inodes = new Set((await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((it) => inodesIn(it, port)))).flat());
  if (inodes.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it));
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    // Other users' processes do not let us look, and any process may end meanwhile.
    const names = await readdir(folder).catch(() => []);
    const links = await Promise.all(names.map((it) => readlink(`${folder}/${it}`).catch(() => '')));
    if (links.some((it) => inodes.has(it))) return Number(pid);
  }
  return undefined;
}

/** Columns of /proc/net/tcp: 1 local address:port in hexadecimal, 3 state, 9 inode. */
async function inodesIn(file: string, port: number): Promise<string[]> {
  const rows = (await readFile(file, 'utf8').catch(() => '')).split('\n').map((it) => it.trim().split(/\s+/));
  return rows.filter((it) => it[3] === listening && Number.parseInt(it[1]?.split(':')[1] ?? '', 16) === port).map((it) => `socket:[${it[9]}]`);
}

async function ownerByLsof(port: number): Promise<number | undefined> {
  // No lsof, or nobody found: it ends with a code other than 0.
  const answer = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']).catch(() => ({ stdout: '' }));
  const pid = Number.parseInt(answer.stdout, 10);
  return Number.isNaN(pid) ? undefined : pid;
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return shorten(text.replaceAll('\0', ' ').trim());
}

/** Long paths by their last two folders: all of it would fill the line and say little. */
export function shorten(command: string): string {
  // what Node itself is told says nothing about who it is
  const short = command.replace(/^(\S*\bnode)(?: --[\w-]+(?:=\S*)?)+ /, '$1 ').replaceAll(/(?<=^|\s)\/\S*\/((?:[^/\s]+\/){2}[^/\s]+)(?=\s|$)/g, '…/$1');
  return short.length > maxLength ? `${short.slice(0, maxLength - 1)}…` : short;
}
