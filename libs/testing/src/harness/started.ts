/** Something that the harness started and that has to be stopped. */
export interface Started {
  readonly name: string;
  /** Servers are stopped after the programs, which lean on them. */
  readonly kind: 'program' | 'server';
  /** Idempotent. */
  stop(): Promise<unknown>;
  /** What it has written lately. */
  readonly output?: () => string;
}

/** Jest loads this module once per test file, so this is what the file has started. */
const all = new Set<Started>();

/** What was started and not stopped yet, in order of start. */
export function allStarted(): readonly Started[] {
  return [...all];
}

/** Notes what was started, until the function that this returns is called. */
export function note(it: Started): () => void {
  all.add(it);
  return () => void all.delete(it);
}

/** Notes it until its own `stop` is called; returns it. */
export function noted<T extends { stop(...args: never[]): Promise<void>; output?(): string }>(kind: Started['kind'], name: string, it: T): T {
  const stop = it.stop.bind(it);
  const forget = note({ name, kind, stop: () => it.stop(), output: it.output?.bind(it) });
  const stopOnce = (...args: never[]) => {
    forget();
    return stop(...args);
  };
  return Object.assign(it, { stop: stopOnce });
}
