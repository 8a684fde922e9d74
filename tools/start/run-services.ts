import { freePort, startChild } from '@angarium/testing';
import { defaultRestartPolicy } from './restart-budget.js';
import { stages, type ServersContext } from './servers.js';
import type { Replica } from './settings.js';
import { describeExit, SupervisedProcess } from './supervised-process.js';

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
  /** Between SIGTERM and SIGKILL: the services' own grace time and a little more. */
  readonly graceMs: number;
  /** Longest wait until all are ready for the first time. */
  readonly readyTimeoutMs: number;
}

/**
 * Starts every replica as its own process, and resolves when all say that they are ready.
 * @throws Error naming those that are not ready in time, with the end of their output.
 */
export async function runServices(context: ServicesContext): Promise<RunningService[]> {
  const { settings, lifecycle, readyTimeoutMs } = context;
  const services = await Promise.all(settings.replicas.map((it) => prepare(it, context)));
  context.printer.expect(services.map((it) => it.replica.name));
  const notePids = () => void context.data.writePids(pidsOf(services));
  const started = services.map(({ process }) =>
    lifecycle.start(stages.services, () => Promise.resolve(process.start()), () => process.stop()),
  );
  await Promise.all(started);
  const isInTime = await withinTime(Promise.all(services.map((it) => it.process.ready)), readyTimeoutMs);
  if (!isInTime) throw await notReady(services, readyTimeoutMs);
  notePids();
  return services;

  async function prepare(replica: Replica, { printer, env, commandOf, graceMs, onGivenUp }: ServicesContext): Promise<RunningService> {
    const port = replica.port || (await freePort());
    const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    const [command, ...args] = commandOf(replica.service);
    const { maxRestarts } = defaultRestartPolicy;
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
      isReady: async () => (await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
      onReady: (pid, isRestart) => {
        if (!isRestart) return;
        printer.say(`${replica.name} is back (process ${pid})`);
        notePids();
      },
      onEnded: (exit, { pauseMs, count }) =>
        printer.warn(`${replica.name} ${describeExit(exit)}; starting it again in ${pauseMs} ms (${count} of ${maxRestarts} within a minute)`),
      onGivenUp: (exit, tail) =>
        onGivenUp(`${replica.name} ${describeExit(exit)}, after ${maxRestarts} restarts within a minute. The end of its output:\n${indent(tail)}`),
    });
    return { replica, url, process };
  }
}

export function pidsOf(services: readonly RunningService[]): Record<string, number> {
  return Object.fromEntries(services.flatMap(({ replica, process }) => (process.pid === undefined ? [] : [[replica.name, process.pid]])));
}

async function withinTime(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

async function notReady(services: readonly RunningService[], ms: number): Promise<Error> {
  const answers = await Promise.all(services.map(async (it) => ({ it, answer: await healthOf(it.url) })));
  const texts = answers
    .filter(({ answer }) => answer !== undefined)
    .map(({ it, answer }) => `${it.replica.name} at ${it.url}/health/ready: ${answer}\nThe end of its output:\n${indent(it.process.tail())}`);
  return new Error(`Not all services are ready after ${ms / 1_000} s.\n${texts.join('\n')}`);
}

/** What a service says of itself; undefined when it is ready after all. */
async function healthOf(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    return answer.ok ? undefined : `${answer.status} ${(await answer.text()).slice(0, 500)}`;
  } catch (error) {
    return `no answer (${error instanceof Error ? error.message : String(error)})`;
  }
}

const indent = (text: string) => text.replace(/^/gm, '    ');
