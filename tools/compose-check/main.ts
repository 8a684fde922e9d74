import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { freePort } from '@angarium/testing';
import { Advice } from '../start/advice.js';
import { paintFor } from '../start/paint.js';
import { seconds } from '../start/printer.js';
import { Api } from './api.js';
import { checkSystem } from './check-system.js';
import { openDocker, type Docker } from './docker.js';

const usage = `Builds and runs docker-compose.yml on a Docker engine of this machine (DOCKER_HOST, else the default one) and uses it:
registers users, reads their mails, looks at the dashboard, publishes messages and consumes them, kills a worker and the broker meanwhile, stops. Prints what it does, sizes and memory; removes what it made.

  node tools/run.mjs compose-check [--keep]

  --keep   leaves the containers, stopped, and their volumes; remove them with the command that is printed then

Exit codes: 0 all holds, 1 something does not, 2 wrong arguments, 130 interrupted.`;

const project = 'angarium-check';
const interruptedExitCode = 130;

/** Secrets and ports of this run alone, so that it neither needs nor disturbs a system that runs here already. */
async function environment(): Promise<{ env: NodeJS.ProcessEnv; api: Api }> {
  const [gateway, broker, realtime, inbox] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const secret = () => randomBytes(24).toString('hex');
  const GATEWAY_TOKEN = secret();
  const ports = { GATEWAY_PORT: `${gateway}`, MQ_BROKER_PORT: `${broker}`, REALTIME_GATEWAY_PORT: `${realtime}`, INBOX_HTTP_PORT: `${inbox}` };
  const env = { ...process.env, ...ports, PUBLISH_ADDRESS: '127.0.0.1', GATEWAY_TOKEN, POSTGRES_PASSWORD: secret(), REDIS_PASSWORD: secret() };
  return { env, api: new Api(`http://127.0.0.1:${gateway}`, `http://127.0.0.1:${inbox}`, GATEWAY_TOKEN, `http://127.0.0.1:${broker}`) };
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const unknown = args.find((it) => it !== '--keep');
  if (unknown !== undefined) throw new Advice(`${JSON.stringify(unknown)} is not an option.\n\n${usage}`, 2);
  const paint = paintFor(process.stdout.isTTY, process.env);
  const interruption = new AbortController();
  setMaxListeners(100, interruption.signal); // as many programs run at once as there are containers, and each listens
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

  const { env, api } = await environment();
  const docker = await openDocker(project, { env, signal: interruption.signal });
  const cleaner = await openDocker(project, { env }); // an interruption ends the check, not its cleaning
  console.log(`Docker engine ${docker.engineVersion}, ${docker.composeVersion}, project ${project}`);
  const step = async (what: string, work: () => Promise<string | void>) => {
    const began = performance.now();
    try {
      const result = await work();
      console.log(`${paint('✓', 'green')} ${what} ${paint([seconds(performance.now() - began), result].filter(Boolean).join(', '), 'grey')}`);
    } catch (error) {
      if (!interruption.signal.aborted) console.error(`${paint('✗', 'red')} ${what}`);
      throw error;
    }
  };
  try {
    await remove(cleaner); // what an earlier run left
    await checkSystem({ docker, project, api, step, say: (text) => console.log(text) });
    console.log(paint('All holds.', 'green'));
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('Interrupted.');
      return interruptedExitCode;
    }
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    if (args.includes('--keep')) console.log(`Remove it with: docker compose --project-name ${project} down --volumes --rmi local`);
    else await remove(cleaner, '--rmi', 'local');
  }
}

async function remove(docker: Docker, ...more: string[]): Promise<void> {
  await docker.compose('down', '--volumes', '--remove-orphans', '--timeout', '20', ...more);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(error instanceof Advice ? error.exitCode : 1);
  },
);
