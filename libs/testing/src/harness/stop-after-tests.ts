import { allStarted } from './started.js';
import { stopAll } from './stop-all.js';

const shownLines = 30;

/**
 * For the top of a test file: stops what the file started after its last test, and when a test or a hook fails
 * shows the last lines of each program that runs then or died, before anything is stopped.
 * It runs before the file's other top-level afterAll hooks that are written below it.
 */
export function stopAfterTests(): void {
  onFailure((what) => process.stderr.write(lastLines(what)));
  afterAll(stopAll, 60_000);
}

/** The end of the output of every program, under a headline; empty when no program was started. */
export function lastLines(what: string): string {
  const programs = allStarted().filter((it) => it.kind === 'program');
  const parts = programs.map(({ name, output }) => {
    const lines = output?.().trimEnd().split('\n').slice(-shownLines) ?? [];
    return `--- ${name}, when "${what}" failed ---\n${lines.join('\n')}\n`;
  });
  return parts.join('');
}

interface JestEvent {
  readonly name: string;
  readonly test?: { readonly name: string };
  readonly hook?: { readonly type: string };
}

/** Jest tells failures to its event handlers only; where a later version has no such list, the output is not shown. */
function onFailure(tell: (what: string) => void): void {
  const handlers = (globalThis as Record<symbol, unknown>)[Symbol.for('EVENT_HANDLERS')];
  if (!Array.isArray(handlers)) return;
  handlers.push(({ name, test, hook }: JestEvent) => {
    if (name === 'test_fn_failure' || name === 'hook_failure') tell(test?.name ?? hook?.type ?? 'a hook');
  });
}
