import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** Secrets that were made on this machine and are wanted again at the next start: one JSON object, readable by its owner only. */
export interface SecretsFile {
  get(name: string): string | undefined;
  set(name: string, value: string): Promise<void>;
  /** The value kept under this name; the first time, what `make` gives. */
  once(name: string, make: () => string): Promise<string>;
}

/** Reads the file; one that is not there is made with the first secret. What others wrote into it stays. For one process at a time. */
export async function openSecretsFile(path: string): Promise<SecretsFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  let content = JSON.parse(text) as Readonly<Record<string, unknown>>;
  let writing = Promise.resolve();
  const get = (name: string) => {
    const value = content[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const set = async (name: string, value: string) => {
    content = { ...content, [name]: value };
    const written = writing.then(() => writePrivately(path, `${JSON.stringify(content, undefined, 2)}\n`));
    writing = written.catch(() => undefined); // told to the caller of this write; the next one is tried all the same
    await written;
  };
  return {
    get,
    set,
    once: async (name, make) => {
      const known = get(name);
      if (known !== undefined) return known;
      const value = make();
      await set(name, value);
      return value;
    },
  };
}

/** Replaces a file that only its owner may read; a reader sees the old one or the new one, never half of one. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await rm(draft, { force: true }); // the mode counts only where the file is made
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
