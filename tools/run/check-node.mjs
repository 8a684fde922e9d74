import { readFileSync } from 'node:fs';

/** Ends the process with the cure when this Node is older than package.json asks for. */
export function checkNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const wanted = engines.node.replace(/^>=/, '').split('.').map(Number);
  const found = process.versions.node.split('.').map(Number);
  const difference = wanted.map((it, i) => found[i] - it).find((it) => it !== 0) ?? 0;
  if (difference >= 0) return;
  console.error(`Angarium needs Node ${wanted.join('.')} or newer; this is ${process.versions.node}. Install a current one from https://nodejs.org or with: nvm install 24`);
  process.exit(1);
}
