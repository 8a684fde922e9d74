import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { queueNames } from '@angarium/contracts';

/**
 * Queues into which jobs can be put and from which nobody takes them yet. The only place that says so: whoever brings a worker takes its
 * queue out of here, and the tests below see to it. That a worker has one handler for each job type of its queue, JobWorker sees to itself.
 */
const withoutWorker = ['notification', 'device-operation', 'data-export', 'report-generation', 'image-processing', 'log-processing'];

const apps = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** By queue, the apps that take its jobs: each makes a JobWorker and names the queue beside it. */
async function takers(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const app of await readdir(apps)) {
    const files = await readdir(join(apps, app, 'src'), { recursive: true }).catch(() => []);
    for (const file of files.filter((it) => it.endsWith('.ts') && !it.endsWith('.spec.ts'))) {
      const text = await readFile(join(apps, app, 'src', file), 'utf8');
      for (const [, rest = ''] of text.matchAll(/new JobWorker\(([^;]*)/g)) {
        const queue = /\bqueue: '([a-z-]+)'/.exec(rest)?.[1] ?? `a queue that ${app}/src/${file} does not name beside its JobWorker`;
        found.set(queue, [...(found.get(queue) ?? []), app]);
      }
    }
  }
  return found;
}

describe('every queue', () => {
  it('has jobs that somebody takes, but for those that wait for their worker', async () => {
    const taken = await takers();
    expect(queueNames.filter((name) => !taken.has(name)).sort()).toEqual([...withoutWorker].sort());
  });

  it('is taken from by one service, and every service takes from a queue that there is', async () => {
    const taken = await takers();
    expect([...taken].filter(([, by]) => by.length > 1)).toEqual([]);
    expect([...taken.keys()].filter((name) => !(queueNames as readonly string[]).includes(name))).toEqual([]);
    expect(taken.get('sms')).toEqual(['sms-worker']);
  });
});
