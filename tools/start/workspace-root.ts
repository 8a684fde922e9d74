import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the workspace: the nearest one above this file with an nx.json, whether this runs bundled or not. */
export function workspaceRoot(from = fileURLToPath(import.meta.url)): string {
  const folder = dirname(from);
  if (existsSync(join(folder, 'nx.json'))) return folder;
  if (folder === dirname(folder)) throw new Error('No folder with an nx.json above this file; run this from a checkout of Angarium.');
  return workspaceRoot(folder);
}
