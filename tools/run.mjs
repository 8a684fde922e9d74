// The entry of every npm script: node tools/run.mjs <tool> [arguments]
// It needs nothing but Node: it installs and generates what is missing, then bundles tools/<tool>/main.ts and runs it
// in this process. When nothing changed it only compares stamps. It prints only before something that takes time.
import { checkNode } from './run/check-node.mjs';

checkNode();
const { ensureDependencies } = await import('./run/ensure-dependencies.mjs');
const { ensurePrismaClient } = await import('./run/ensure-prisma-client.mjs');
const { ensureRedis } = await import('./run/ensure-redis.mjs');
const { bundleTool, toolNames } = await import('./run/bundle-tool.mjs');
const { root } = await import('./run/workspace.mjs');

const [tool, ...args] = process.argv.slice(2);
const tools = toolNames();
if (tool === undefined || !tools.includes(tool)) {
  console.error(`${tool === undefined ? 'No tool named' : `There is no tool "${tool}"`}. Usage: node tools/run.mjs <${tools.join('|')}> [arguments]`);
  process.exit(2);
}

try {
  ensureDependencies();
  ensurePrismaClient();
  await ensureRedis(tool, args);
  const main = await bundleTool(tool);
  process.chdir(root); // a bundled tool lies in a cache folder: it finds the project as its working directory
  process.argv = [process.execPath, main, ...args];
  process.setSourceMapsEnabled(true);
  await import(main);
} catch (error) {
  console.error(error?.isAdvice ? error.message : error);
  process.exit(1);
}
