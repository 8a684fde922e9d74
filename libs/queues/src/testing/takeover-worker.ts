// A worker of the email queue in a process of its own, for tests that kill it: node … <redis url> <lock ms> <what it does: hold | block | finish>
// It writes "begun <key>" and "done <key>".
import { Metrics, silentLogger } from '@angarium/observability';
import { JobWorker } from '../index.js';
import { emailHandlers } from './email-handlers.js';

const [redisUrl = '', lockMs = '', mode = ''] = process.argv.slice(2);
const BLOCK_MS = 2_000;
const say = (what: string, key: string) => process.stdout.write(`${what} ${key}\n`);

const handlers = emailHandlers(async (_to, { idempotencyKey }) => {
  say('begun', idempotencyKey);
  if (mode === 'hold') await new Promise(() => undefined);
  // nothing else of this process runs meanwhile, the renewal of the lock neither
  const until = performance.now() + (mode === 'block' ? BLOCK_MS : 0);
  while (performance.now() < until);
  say('done', idempotencyKey);
});
new JobWorker({ queue: 'email', handlers, concurrency: 1, redisUrl, lockMs: Number(lockMs), logger: silentLogger, metrics: new Metrics('takeover', false) }).start();
say('up', mode);
