/** What the tracker needs to know about a process. */
export interface RegisteredProcess {
  readonly name: string;
  readonly isRunning: () => boolean;
  readonly output: () => string;
  readonly end: (signal: NodeJS.Signals, graceMs: number) => Promise<unknown>;
}

const processes = new Set<RegisteredProcess>();

/** Notes a process that the harness started in this test file (Jest loads this module once per file). */
export function register(process: RegisteredProcess): void {
  processes.add(process);
}

/** Everything started so far that was not forgotten, in order of start. */
export function registered(): readonly RegisteredProcess[] {
  return [...processes];
}

/** Drops processes that are gone. */
export function forgetEnded(): void {
  for (const it of processes) if (!it.isRunning()) processes.delete(it);
}
