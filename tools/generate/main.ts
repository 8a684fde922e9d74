import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { findDifferences, mendDifferences } from './differences.js';
import { generate } from './generate.js';

const usage = `npm run generate                makes .env.example and docs/reference from the sources
npm run generate -- --check     writes nothing; exit code 1 and their names when files are not what the sources give
npm run generate -- --root <folder>   another workspace than this one`;

async function main(argv: readonly string[]): Promise<number> {
  const options = { check: { type: 'boolean' }, root: { type: 'string' }, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...argv], options, strict: true });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const root = resolve(values.root ?? '.');
  const wanted = await generate(root);
  const differences = await findDifferences(root, wanted);
  if (!values.check) await mendDifferences(root, wanted, differences);
  for (const { path, state } of differences) console.log(values.check ? `${state.padEnd(9)}  ${path}` : `${state === 'left over' ? 'removed' : 'written'}  ${path}`);
  if (differences.length === 0) console.log(`${wanted.size} generated files are those of the sources.`);
  else if (values.check) console.log('Run npm run generate and commit what it changes.');
  return values.check && differences.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
  },
);
