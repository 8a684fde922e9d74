// Bundles one app: node tools/build/build.mjs apps/gateway  ->  apps/gateway/dist/main.js
import { build } from 'esbuild';
import { join } from 'node:path';
import { bundle, root } from './options.mjs';

const app = process.argv[2];
if (!app) {
  console.error('usage: node tools/build/build.mjs apps/<name>');
  process.exit(2);
}
await build(bundle(join(root, app, 'src/main.ts'), join(root, app, 'dist/main.js')));
