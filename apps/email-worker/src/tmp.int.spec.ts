import { readFileSync } from 'node:fs';
import { createTestDatabase, startInbox, startPostgres, startRedis, stopAfterTests, waitFor } from '@angarium/testing';
stopAfterTests();
it('measure', async () => {
  const [redis, postgres, inbox] = await Promise.all([startRedis(), startPostgres(), startInbox()]);
  const db = await createTestDatabase(postgres);
  const { spawn } = await import('node:child_process');
  const lines: string[] = [];
  for (const flags of [['main.js'], ['small.js'], ['--max-semi-space-size=4', 'small.js'], ['--max-semi-space-size=4', '--no-wasm-tier-up', 'small.js'], ['--max-semi-space-size=4', '--no-wasm-tier-up', 'main.js']]) {
    const child = spawn(process.execPath, [...flags.slice(0, -1), new URL('../dist/' + flags.at(-1)!, import.meta.url).pathname], { env: { PATH: process.env['PATH'], EMAIL_WORKER_PORT: '23131', REDIS_URL: redis.url, DATABASE_URL: db.url, SMTP_URL: inbox.smtpUrl }, stdio: ['ignore', 'ignore', 'inherit'] });
    const t = performance.now();
    await waitFor(async () => (await fetch('http://127.0.0.1:23131/health/ready')).ok, { what: 'ready', timeoutMs: 60000 });
    const ready = performance.now() - t;
    const rss = (k = 'VmRSS') => new RegExp(k + ':\\s+(\\d+)').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]!;
    const first = rss();
    await new Promise((r) => setTimeout(r, 6000));
    const m = await (await fetch('http://127.0.0.1:23131/metrics')).text();
    lines.push(flags.join() + ` ready ${Math.round(ready)} first ${first} idle ${rss()} anon ${rss('RssAnon')} hwm ${rss('VmHWM')} ` + '' || m.split('\n').filter((l) => /^nodejs_(heap_size_(total|used)|external)|space_size_used/.test(l)).map((l) => l.replace(/\{.*?(space="\w+")?\}/, '$1')).join(' '));
    child.kill('SIGTERM');
    await new Promise((r) => child.once('exit', r));
  }
  process.stderr.write(lines.join('\n') + '\n');
  await inbox.stop();
}, 200_000);
