import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Metrics, silentLogger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';
import { JobMeter } from './job-meter.js';
import { QueueMeter } from './queue-meter.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../docs/operations');
const rules = readFileSync(join(folder, 'alerts.yml'), 'utf8');
const page = readFileSync(join(folder, 'queues.md'), 'utf8');
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

/** Every name that the metrics of queues have at /metrics. */
async function toldNames(): Promise<string[]> {
  const metrics = new Metrics('test', false);
  new JobMeter(metrics, 'email', () => true);
  new QueueMeter({ metrics, logger: silentLogger, redis: {} as RedisConnection, prefix: 'x', statuses: () => Promise.resolve([]) });
  const all = await metrics.registry.getMetricsAsJSON();
  return all.flatMap(({ name, type }) => (String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]));
}

describe('the alert rules', () => {
  it('ask for no metric that is not told', async () => {
    const asked = [...new Set([...rules.matchAll(/\b(?:bull|angarium)_\w+/g)].map(([name]) => name))];
    expect(asked.length).toBeGreaterThan(4);
    const told = await toldNames();
    expect(asked.filter((name) => !told.includes(name))).toEqual([]);
  });

  it('are all explained on their page, as are all metrics', async () => {
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
    const metrics = (await toldNames()).map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    for (const name of [...alerts, ...metrics]) expect(page).toContain(`\`${name}\``);
  });

  // Debian has promtool in its package prometheus
  (hasPromtool ? it : it.skip)('are rules by promtool, and fire when they should', () => {
    for (const args of [['check', 'rules', 'alerts.yml'], ['test', 'rules', 'alerts.test.yml']]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
      expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
    }
  });
});
