import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { advice, hashOf, root, say, stamp, stampIs } from './workspace.mjs';

const schemaFolder = join(root, 'prisma/schema');
const client = join(root, 'libs/database/src/generated/prisma/client.ts');

/** Generates the Prisma client when it is missing or prisma/schema changed since. Nx answers from its cache where it can. */
export function ensurePrismaClient() {
  if (!existsSync(schemaFolder)) return;
  const files = readdirSync(schemaFolder).filter((it) => it.endsWith('.prisma')).sort();
  const wanted = hashOf([...files.map((it) => join(schemaFolder, it)), join(root, 'package-lock.json')]);
  if (existsSync(client) && stampIs('prisma-client', wanted)) return;
  say('generating the Prisma client …');
  const nx = join(root, 'node_modules/.bin/nx');
  const { status, stdout, stderr } = spawnSync(process.execPath, [nx, 'run', 'database:generate-client'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
  });
  if (status !== 0) throw advice(`The Prisma client could not be generated from ${schemaFolder}:\n${stdout}${stderr}`);
  stamp('prisma-client', wanted);
}
