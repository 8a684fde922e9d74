import type { ChaosRun } from './run-chaos.js';
import { RECOVERY_GOAL_MS } from './judge/recovery-watch.js';

const columns = ['attempted', 'acknowledged', 'delivered', 'lost', 'forgone', 'duplicated', 'unexpected', 'dead'] as const;
const SHOWN_MESSAGES = 10;

/** What a run came to, for people. */
export function chaosReport(run: ChaosRun, seed: number): string {
  const rows = [['subscription', ...columns], ...run.results.map((it) => [it.name, ...columns.map((column) => String(it[column]))])];
  const table = rows.map(([name = '', ...cells]) => name.padEnd(16) + cells.map((cell) => cell.padStart(14)).join(''));
  const times = run.recoveries.map(({ ms }) => ms).sort((a, b) => a - b);
  const slow = run.recoveries.filter(({ ms }) => ms > RECOVERY_GOAL_MS);
  const breaches = run.breaches.map(({ what, ns }) => `  - ${what}${ns.length === 0 ? '' : `: ${ns.slice(0, SHOWN_MESSAGES).join(', ')}`}`);
  return [
    `seed ${seed}, ${run.stepCount} faults`,
    ...table,
    `first delivery after a cure: ${times[Math.floor(times.length / 2)] ?? '-'} ms (median), ${times.at(-1) ?? '-'} ms (longest); longer than ${RECOVERY_GOAL_MS} ms: ${slow.length} of ${times.length}`,
    ...slow.map(({ what, ms }) => `  - ${ms} ms after: ${what}`),
    `longest call: ${run.longestCallMs} ms`,
    ...(breaches.length === 0 ? ['nothing was broken'] : ['BROKEN:', ...breaches, ...run.evidence.map((it) => `  ${it}`)]),
  ].join('\n');
}
