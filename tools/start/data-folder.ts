import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Advice } from './advice.js';
import { isAlive } from './is-alive.js';
import { openSecretsFile, writePrivately, type SecretsFile } from './secrets-file.js';

/** The folder that holds everything a start leaves behind: databases, the token, and who runs now. */
export interface DataFolder {
  readonly path: string;
  /** Token for the gateway's protected routes; made once, readable by its owner only. */
  readonly gatewayToken: string;
  /** What else is made once and wanted again. */
  readonly secrets: SecretsFile;
  /** Notes where the servers are while they run, for tools beside this one; readable by the owner only, as URLs may hold passwords. */
  writeAddresses(addresses: Addresses): Promise<void>;
  /** Notes which processes run, so that a user can find and kill one. */
  writePids(pids: Readonly<Record<string, number>>): Promise<void>;
  /** Gives the folder back; idempotent. */
  close(): Promise<void>;
}

export interface Addresses {
  readonly databaseUrl: string;
}

/**
 * Opens the folder for one start; two on the same data would destroy it.
 * @throws Advice naming the process that has it.
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  // Open to others: started by root, Postgres runs as another user and has to get to its folder. Secrets have modes of their own.
  await mkdir(path, { recursive: true });
  const lock = lockIn(path);
  await takeLock(lock, path);
  const pids = join(path, 'pids.json');
  const secrets = await openSecretsFile(join(path, 'secrets.json'));
  let writing = Promise.resolve();
  return {
    path,
    gatewayToken: await secrets.once('gatewayToken', () => randomBytes(24).toString('base64url')),
    secrets,
    writeAddresses: (it) => writePrivately(addressesIn(path), `${JSON.stringify(it, undefined, 2)}\n`),
    writePids: (it) => {
      const written = writing.then(() => replace(pids, `${JSON.stringify(it, undefined, 2)}\n`));
      writing = written.catch(() => undefined); // told to the caller of this write; the next one is tried all the same
      return written;
    },
    close: async () => {
      await writing;
      await Promise.all([lock, pids, addressesIn(path)].map((it) => rm(it, { force: true })));
    },
  };
}

/** The lock is a file that names its holder; one whose holder is gone (killed, or the machine restarted) is taken over. */
async function takeLock(file: string, folder: string): Promise<void> {
  const mine = `${process.pid} ${await birthOf(process.pid)}`;
  for (;;) {
    try {
      await writeFile(file, mine, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(folder);
    if (holder !== undefined) {
      throw new Advice(
        `Angarium runs already with its data in ${folder} (process ${holder}). Stop it with Ctrl-C in its terminal, or: kill ${holder}\n` +
          'To run another one beside it, give that a folder of its own: npm start -- --data <folder>',
      );
    }
    await rm(file, { force: true });
  }
}

/** The process that runs with this data folder now, if one does. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const text = await readFile(lockIn(folder), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return isAlive(pid) && text === `${pid} ${await birthOf(pid)}` ? pid : undefined;
}

/** Where the servers of the start that runs with this data folder are; undefined when none does, or it is not that far. */
export async function addressesOf(folder: string): Promise<Addresses | undefined> {
  if ((await holderOf(folder)) === undefined) return undefined;
  const text = await readFile(addressesIn(folder), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Addresses);
}

const lockIn = (folder: string) => join(folder, 'start.lock');
const addressesIn = (folder: string) => join(folder, 'addresses.json');

/** Tells two processes with the same number apart: when it began, in clock ticks since boot (Linux; elsewhere nothing). */
async function birthOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in parentheses and may hold blanks; the birth is the 20th after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
