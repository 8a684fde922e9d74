import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Everything here can be deleted at any time; `npm ci` deletes it too, which is why install stamps live here. */
export const cache = join(root, 'node_modules/.cache/angarium');

/** An error whose message is all that its reader needs; shown without a stack. */
export const advice = (message) => Object.assign(new Error(message), { isAdvice: true });

export const say = (message) => console.error(`[angarium] ${message}`);

/** One hash over files, in the order given. */
export function hashOf(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

const stampFile = (name) => join(cache, `${name}.stamp`);

export function stampIs(name, value) {
  try {
    return readFileSync(stampFile(name), 'utf8') === value;
  } catch {
    // No stamp yet.
    return false;
  }
}

export function stamp(name, value) {
  mkdirSync(cache, { recursive: true });
  writeFileSync(stampFile(name), value);
}
