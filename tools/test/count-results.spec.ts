import { countResults, summaryLine } from './count-results.js';

const jest = (tests: string, suites = '1 passed, 1 total') => `Test Suites: ${suites}\nTests:       ${tests}\nSnapshots:   0 total\n`;

describe('the count of tests', () => {
  it('adds up all projects, with colours and prefixes', () => {
    const output = `${jest('3 passed, 3 total')}streams: \u001b[1mTests:       \u001b[22m\u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m, \u001b[33m2 skipped\u001b[39m, \u001b[32m5 passed\u001b[39m, 8 total\n`;
    expect(summaryLine(countResults(output, 1))).toBe('8 passed, 1 failed');
  });

  it('counts a test file that could not be loaded as a failure', () => {
    expect(countResults(jest('4 passed, 4 total', '1 failed, 1 passed, 2 total'), 1)).toMatchObject({ passed: 4, failed: 1 });
  });

  it('never says 0 failed of a run that failed', () => {
    expect(countResults('boom', 1)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('counts and names projects that died before Jest could say anything', () => {
    const output = `${jest('4 passed, 4 total')}\n NX  Ran target test for 3 projects\n\nFailed tasks:\n\n- streams:test\n- gateway:test\n\nHint: run again`;
    expect(countResults(output, 1)).toEqual({ passed: 4, failed: 2, failedProjects: ['streams', 'gateway'] });
  });

  it('is nothing when no project has tests', () => {
    expect(summaryLine(countResults('No tests found, exiting with code 0\n', 0))).toBe('0 passed, 0 failed');
  });
});
