import { resolve } from 'node:path';
import { databaseVariables, defineConfig, loadConfig } from '@angarium/config';
import { Advice } from '../start/advice.js';
import { addressesOf } from '../start/data-folder.js';

/**
 * The database of DATABASE_URL, else that of the `npm start` that runs with its data in ANGARIUM_DATA (.data) below `root`.
 * No default: a key in a database that nobody meant would be looked for in vain.
 * @throws CONFIG_INVALID; Advice when neither is there.
 */
export async function findDatabase(env: NodeJS.ProcessEnv, root: string): Promise<string> {
  if (env['DATABASE_URL']) return loadConfig(defineConfig('keys', { DATABASE_URL: databaseVariables.DATABASE_URL }), env).DATABASE_URL;
  const folder = resolve(root, env['ANGARIUM_DATA'] || '.data');
  const running = await addressesOf(folder);
  if (running !== undefined) return running.databaseUrl;
  throw new Advice(`Which database? No npm start is up with its data in ${folder}, and DATABASE_URL is not set. Start it, or: DATABASE_URL=postgresql://… npm run keys -- …`);
}
