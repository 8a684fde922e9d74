import { countResults, summaryLine } from './count-results.js';
import { runNx } from './run-nx.js';

const usage = `Runs the tests of all projects; what did not change is answered from Nx's cache.

  npm test                                  all projects
  npm test -- --projects=streams,gateway    some projects
  npm test -- --skip-nx-cache               run them although nothing changed

Every other flag goes to nx run-many.`;

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(usage);
} else {
  const { output, exitCode } = await runNx(process.cwd(), ['run-many', '-t', 'test', '--output-style=static', ...args]);
  const count = countResults(output, exitCode);
  console.log(exitCode === 0 ? 'Next: npm run check (lint and types), npm start (see it run).' : advice(count.failedProjects));
  console.log(summaryLine(count));
  process.exitCode = exitCode;
}

function advice(projects: readonly string[]): string {
  const [first] = projects;
  if (first === undefined) return 'The run failed; its output above says why.';
  return `Failed: ${projects.join(', ')}. Run one of them alone: npm test -- --projects=${first}`;
}
