import { readFileSync } from 'node:fs';
import { QueueService } from '@angarium/queues';
import { createTestDatabase, startInbox, startPostgres, startRedis, startService, stopAfterTests, waitFor } from '@angarium/testing';
stopAfterTests();
it('measure', async () => {
  const [redis, postgres, inbox] = await Promise.all([startRedis(), startPostgres(), startInbox()]);
  const db = await createTestDatabase(postgres);
  const t = performance.now();
  const worker = await startService({ name: 'email-worker', main: new URL('../dist/main.js', import.meta.url).pathname, env: { REDIS_URL: redis.url, DATABASE_URL: db.url, SMTP_URL: inbox.smtpUrl, EMAIL_RATE_PER_SECOND: '100000', EMAIL_WORKER_CONCURRENCY: '20', LOG_LEVEL: process.env['LL'] ?? 'info' } });
  await worker.ready();
  const lines = [`ready after ${Math.round(performance.now() - t)}`];
  const rss = () => /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))![1]!;
  await new Promise((r) => setTimeout(r, 5000));
  lines.push(`idle rss kB ${rss()}`);
  lines.push(await (await fetch(`${worker.url}/health/ready`)).text());
  const queues = new QueueService({ redisUrl: redis.url });
  for (const n of [200, 3000]) {
    const from = inbox.count;
    const a = performance.now();
    await Promise.all(Array.from({ length: n }, (_, i) => queues.sendEmail({ to: `u${i}@example.com`, template: { key: 'welcome', variables: { username: `u${i}` } } })));
    const b = performance.now();
    await waitFor(() => inbox.count === from + n, { what: 'mails', timeoutMs: 100_000 });
    const s = (performance.now() - a) / 1000;
    lines.push(`${n} mails: queued in ${Math.round(b - a)} ms, all in ${s.toFixed(2)} s = ${Math.round(n / s)}/s rss ${rss()}`);
  }
  await queues.close();
  worker.signal('SIGTERM');
  lines.push(JSON.stringify(await worker.exited));
  lines.push(worker.output().split('\n').filter((l) => l.includes('bootMs') || l.includes('"stop') || l.includes('warn')).slice(0, 12).join('\n'));
  process.stderr.write(lines.join('\n') + '\n');
  await inbox.stop();
}, 200_000);
