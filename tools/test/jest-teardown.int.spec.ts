import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs this test file in a Jest of its own, with the teardown that all projects have. */
function runJest(text: string) {
  const rootDir = mkdtempSync(join(tmpdir(), 'angarium-teardown-'));
  writeFileSync(join(rootDir, 'it.spec.js'), text);
  const config = { rootDir, testEnvironment: 'node', transform: {}, globalTeardown: join(process.cwd(), '../jest.teardown.mjs') };
  try {
    return spawnSync(process.execPath, [join(process.cwd(), '../node_modules/jest/bin/jest.js'), '--config', JSON.stringify(config)], { encoding: 'utf8', timeout: 60_000 });
  } finally {
    rmSync(rootDir, { recursive: true });
  }
}

describe('a run whose tests pass', () => {
  it('fails and names what holds it open', () => {
    const { status, stderr } = runJest("test('leaves a server behind', () => void require('node:net').createServer().listen(0));");
    expect([status, stderr]).toEqual([1, expect.stringMatching(/held open 5000 ms after its last test, by: .*TCPServerWrap/)]);
  });

  it('passes when nothing is left', () => {
    expect(runJest("test('leaves nothing', () => undefined);")).toMatchObject({ status: 0, stderr: expect.not.stringContaining('held open') as string });
  });
});
