/** What the Jest runs of several projects came to, read from Nx's output. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  /** Projects whose task failed, in the order of the output. */
  readonly failedProjects: readonly string[];
}

const colours = /\u001b\[[0-9;]*m/g;
const inLine = (line: string, word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);

/**
 * Adds up the `Tests:` lines of all projects; they are there too when Nx answers from its cache.
 * A test file that could not even be loaded has no failed test, and a project that died has no line at all: each counts as one failure,
 * so that `0 failed` is never said of a run that failed.
 */
export function countResults(output: string, exitCode: number): TestCount {
  let passed = 0;
  let failed = 0;
  let failedSuites = 0;
  for (const line of output.replace(colours, '').split('\n')) {
    if (/\bTest Suites:.* total/.test(line)) failedSuites = inLine(line, 'failed');
    if (!/\bTests:.* total/.test(line)) continue;
    passed += inLine(line, 'passed');
    failed += Math.max(inLine(line, 'failed'), failedSuites);
    failedSuites = 0;
  }
  const failedProjects = failedTasks(output);
  if (exitCode !== 0 && failed < failedProjects.length) failed = failedProjects.length;
  return { passed, failed: exitCode !== 0 ? Math.max(1, failed) : failed, failedProjects };
}

/** Nx ends its output with a list `Failed tasks:` and a line `- <project>:<target>` for each. */
function failedTasks(output: string): string[] {
  const list = output.replace(colours, '').split(/Failed tasks:/)[1] ?? '';
  return [...list.matchAll(/^\s*- ([\w@/.-]+):test\s*$/gm)].flatMap((it) => it[1] ?? []);
}

export function summaryLine({ passed, failed }: TestCount): string {
  return `${passed} passed, ${failed} failed`;
}
