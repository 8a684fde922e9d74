import { freePort, startChild } from '@angarium/testing';
import { Advice } from './advice.js';
import { stages, type ServersContext } from './servers.js';
import type { Replica } from './settings.js';
import { SupervisedProcess } from './supervised-process.js';

/** A replica that runs, with the address it has. */
export interface RunningService {
  readonly replica: Replica;
  readonly url: string;
  readonly process: SupervisedProcess;
}

export interface ServicesContext extends ServersContext {
  /** What all services are given, besides their ports. */
  readonly env: NodeJS.ProcessEnv;
  /** Program and arguments of a service. */
  readonly commandOf: (service: string) => readonly [string, ...string[]];
  /** Between SIGTERM and SIGKILL: longer than the services take themselves to give up. */
  readonly graceMs: number;
  /** Longest wait until all are ready for the first time. */
  readonly readyTimeoutMs: number;
}

const tellLateEveryMs = 10_000;

/**
 * Starts every replica as its own process, and resolves when all say that they are ready.
 * @throws Advice naming those that are not ready in time, what they say of themselves, and the end of their output.
 */
export async function runServices(context: ServicesContext): Promise<RunningService[]> {
  const { settings, lifecycle, data, readyTimeoutMs } = context;
  const services: RunningService[] = [];
  const writePids = () => data.writePids(pidsOf(services)).catch((error: unknown) => context.printer.warn(`pids.json could not be written: ${String(error)}`));
  const notePids = () => void writePids();
  for (const replica of settings.replicas) services.push(await prepare(replica, context, notePids));
  context.printer.expect(services.map((it) => it.replica.name));
  await Promise.all(
    services.map(({ process }) =>
      lifecycle.start(stages.services, () => Promise.resolve(process.start()), () => ({ stop: () => process.stop(), force: () => process.kill() })),
    ),
  );
  const telling = setInterval(() => void sayWhoIsLate(services, context), tellLateEveryMs);
  const isInTime = await withinTime(Promise.all(services.map((it) => it.process.ready)), readyTimeoutMs).finally(() => clearInterval(telling));
  if (!isInTime) throw await notReady(services, readyTimeoutMs);
  // who reads "is up" may look into the file at once
  await writePids();
  return services;
}

async function prepare(replica: Replica, context: ServicesContext, notePids: () => void): Promise<RunningService> {
  const { settings, printer, env, commandOf, graceMs, onGivenUp } = context;
  const port = replica.port || (await freePort());
  const url = `http://${hostInUrl(settings.host)}:${port}`;
  const [command, ...args] = commandOf(replica.service);
  const process = new SupervisedProcess({
    name: replica.name,
    graceMs,
    launch: () =>
      startChild({
        name: replica.name,
        command,
        args,
        cwd: settings.root,
        env: { ...env, [replica.portVariable]: String(port) },
        orphanSignal: 'SIGTERM',
        onLine: (line) => printer.line(replica.name, line),
      }),
    isReady: async () => (await askHealth(url)).ok,
    onReady: (pid, isRestart) => {
      if (isRestart) printer.say(`${replica.name} is back (process ${pid})`);
      notePids();
    },
    onEnded: (text) => {
      printer.warn(text);
      notePids();
    },
    onGivenUp,
  });
  return { replica, url, process };
}

const askHealth = (url: string) => fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_500) });

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function pidsOf(services: readonly RunningService[]): Record<string, number> {
  return Object.fromEntries(services.flatMap(({ replica, process }) => (process.pid === undefined ? [] : [[replica.name, process.pid]])));
}

async function withinTime(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

async function sayWhoIsLate(services: readonly RunningService[], { printer, lifecycle }: ServicesContext): Promise<void> {
  for (const { it, answer } of await late(services)) if (!lifecycle.isStopping) printer.warn(`${it.replica.name} is not ready yet: ${answer}`);
}

async function notReady(services: readonly RunningService[], ms: number): Promise<Advice> {
  const texts = (await late(services)).map(({ it, answer }) => `${it.replica.name} at ${it.url}/health/ready: ${answer}\nThe end of its output:\n${it.process.tail()}`);
  return new Advice(`Not all services are ready after ${ms / 1_000} s.\n${texts.join('\n')}`);
}

async function late(services: readonly RunningService[]): Promise<{ it: RunningService; answer: string }[]> {
  const answers = await Promise.all(services.map(async (it) => ({ it, answer: await healthOf(it.url) })));
  return answers.flatMap(({ it, answer }) => (answer === undefined ? [] : [{ it, answer }]));
}

/** What a service says of itself; undefined when it is ready after all. */
async function healthOf(url: string): Promise<string | undefined> {
  try {
    const answer = await askHealth(url);
    return answer.ok ? undefined : `${answer.status} ${(await answer.text()).slice(0, 500)}`;
  } catch (error) {
    return `no answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
