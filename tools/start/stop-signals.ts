import { parentToWatch, type ParentProcess } from './parent-process.js';
import { isAlive } from './is-alive.js';

export interface StopHandlers {
  /** The first request to stop. */
  readonly first: (reason: string) => void;
  /** Every further one. */
  readonly again: () => void;
}

/** npm hands on the SIGINT that the terminal has sent to us too: two within this time are one Ctrl-C. */
const doubledWithinMs = 800;
const parentLookEveryMs = 500;

/** Ctrl-C, SIGTERM, a closed terminal, a closed output (`npm start | head`) and an npm that is gone all ask to stop. */
export function onStopSignals(handlers: StopHandlers, env: NodeJS.ProcessEnv): void {
  const { ask, suggest } = countRequests(handlers);
  process.on('SIGINT', () => ask('Ctrl-C'));
  process.on('SIGTERM', () => ask('SIGTERM'));
  process.on('SIGHUP', () => suggest('The terminal is closed'));
  // Nobody reads any more; every further line fails likewise.
  process.stdout.on('error', () => suggest('The output is closed'));
  // npm gives a signal to the shell that it started us with, and the shell keeps it; killed outright, npm gives none.
  const parent = parentToWatch(env);
  if (parent !== undefined) whenGone(parent, () => suggest('npm is gone'));
}

/** `ask` is meant by somebody, who may become impatient; `suggest` is a circumstance: it begins a stop and never hurries one. */
export function countRequests({ first, again }: StopHandlers, now: () => number = () => performance.now()) {
  let lastAt: number | undefined;
  const suggest = (reason: string) => {
    if (lastAt !== undefined) return;
    lastAt = now();
    first(reason);
  };
  const ask = (reason: string) => {
    if (lastAt === undefined) return suggest(reason);
    if (now() - lastAt <= doubledWithinMs) return;
    lastAt = now();
    again();
  };
  return { ask, suggest };
}

function whenGone({ npmPid, parentPid }: ParentProcess, gone: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === parentPid && isAlive(npmPid)) return;
    clearInterval(timer);
    gone();
  }, parentLookEveryMs);
  timer.unref();
}
