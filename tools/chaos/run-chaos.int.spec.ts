import { stopAfterTests } from '@angarium/testing';
import { chaosReport } from './chaos-report.js';
import { runChaos } from './run-chaos.js';
import { LogFiles } from './system/log-files.js';

stopAfterTests();

describe('a run of chaos', () => {
  it('of twenty seconds loses nothing, and counts what every subscription was sent', async () => {
    // this seed: Redis half open then reset with a replica killed meanwhile, terminated connections, Redis stopped for 10 s
    const logs = await LogFiles.open(1);
    const lines: string[] = [];
    const run = await runChaos({ seed: 1, durationMs: 20_000, replicaCount: 2, fsync: 'always' }, (line) => lines.push(line), logs);
    await logs.close(run.breaches.length > 0);
    const report = chaosReport(run, 1);
    if (run.breaches.length > 0) process.stderr.write(`${lines.join('\n')}\n${report}\nLogs: ${logs.folder}\n`);
    expect(run.breaches).toEqual([]);
    expect(run.stepCount).toBeGreaterThanOrEqual(3);
    for (const { name, acknowledged, delivered, lost } of run.results) {
      expect([name, acknowledged > 100, lost]).toEqual([name, true, 0]);
      expect(delivered).toBeGreaterThan(0);
    }
    const dead = run.results.filter((it) => it.dead > 0).map(({ name }) => name);
    expect(dead).toEqual(['poisoned']);
    expect(report).toContain('nothing was broken');
  }, 240_000);
});
