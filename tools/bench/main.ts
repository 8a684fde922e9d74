import { contenders } from './transport/contender.js';
import { runTransport } from './transport/run-transport.js';

const a = process.argv.slice(3);
const opt = (n: string) => a.find((it) => it.startsWith(`--${n}=`))?.split('=')[1];
const only = opt('only')?.split(',');
const run = await runTransport(process.cwd(), {
  rounds: Number(opt('rounds') ?? 1), warmUpMs: 500, durationMs: Number(opt('ms') ?? 1500),
  contenders: contenders.filter(({ name }) => only === undefined || only.includes(name)),
  kinds: (opt('kinds')?.split(',') ?? ['emit', 'request']) as never,
  profileDir: opt('profile'),
}, console.log);
console.log(run.memory, run.redisVersion);
