import { brokerReport } from './broker-report.js';
import { runBroker, type BrokerPlan } from './run-broker.js';
import { workloadNames } from './workloads.js';

/** Jest runs in tools/. */
const root = new URL('../../..', import.meta.url).pathname;

describe('the bench of the broker', () => {
  it('gets every message of every workload through, and judges what it found', async () => {
    const plan: BrokerPlan = { rounds: 1, warmUpMs: 200, durationMs: 1_500, backlogCount: 500, workloads: workloadNames };
    const run = await runBroker(root, plan, () => undefined);
    expect(run.results.map(({ workload }) => workload)).toEqual(workloadNames.filter((it) => it !== 'backlog'));
    for (const { workload, rounds } of run.results) {
      expect(rounds.map(({ fault, messages }) => ({ workload, fault, hasMessages: messages > 0 }))).toEqual([{ workload, fault: undefined, hasMessages: true }]);
      expect(workload === 'pull' || (rounds[0]?.latency?.p95 ?? 0) > 0).toBe(true);
    }
    // three rounds of 100 to begin with and 1 500 that count, the first to warm up, on top of what waited
    expect(run.backlog?.drained).toMatchObject({ fault: undefined, messages: 5_300 });
    expect(run.backlog?.empty.map(({ fault, messages }) => ({ fault, messages }))).toEqual(Array(2).fill({ fault: undefined, messages: 1_500 }));
    expect([...run.memory.keys()]).toEqual(expect.arrayContaining(['publish', 'webhook', 'backlog: taking']));
    const report = brokerReport(run, plan, { date: '2026-11-21', command: 'npm run bench -- broker', machine: 'some machine', fsyncMs: 0.2 });
    for (const part of ['Angarium, one by one', 'pg-boss send', 'publish to webhook', 'to the topic with the backlog', 'broker below 256 MB throughout']) expect(report).toContain(part);
  }, 180_000);
});
