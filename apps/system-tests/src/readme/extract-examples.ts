/** One block of commands, as a reader would paste it. */
export interface Step {
  readonly commands: string;
  /** What the page says they print; undefined where it says nothing. */
  readonly answer: string | undefined;
}

/** What a page shows: files by path, the output that a program is said to have, and commands by session, in their order. */
export interface Examples {
  readonly files: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly sessions: ReadonlyMap<string, readonly Step[]>;
}

const fence = /^```\w+ (example|output|session|answer)=(\S+)\n([\s\S]*?)^```$/gm;

/**
 * Reads fenced blocks whose first line is like "```ts example=apps/orders/src/main.ts" or "```text output=apps/orders"; and
 * "```sh session=publish" with, where it is shown, "```json answer=publish" behind it.
 * @throws Error when two files or outputs have one name, or an answer has no commands before it.
 */
export function extractExamples(...pages: readonly string[]): Examples {
  const found = { example: new Map<string, string>(), output: new Map<string, string>() };
  const sessions = new Map<string, Step[]>();
  for (const page of pages) {
    for (const [, kind, name = '', text = ''] of page.matchAll(fence)) {
      if (kind === 'session') sessions.set(name, [...(sessions.get(name) ?? []), { commands: text, answer: undefined }]);
      else if (kind === 'answer') answer(sessions.get(name), name, text);
      else {
        const named = found[kind as 'example' | 'output'];
        if (named.has(name)) throw new Error(`Two blocks are called ${name}. Give each a name of its own.`);
        named.set(name, text);
      }
    }
  }
  return { files: found.example, outputs: found.output, sessions };
}

function answer(steps: Step[] | undefined, name: string, text: string): void {
  const last = steps?.pop();
  if (steps === undefined || last === undefined || last.answer !== undefined) throw new Error(`The answer of ${name} has no commands of its own before it.`);
  steps.push({ ...last, answer: text });
}
