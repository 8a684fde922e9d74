/** What a page shows: files by path, and the output that a program is said to have. */
export interface Examples {
  readonly files: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

const fence = /^```\w+ (example|output)=(\S+)\n([\s\S]*?)^```$/gm;

/**
 * Reads fenced blocks whose first line is like "```ts example=apps/orders/src/main.ts" or "```text output=apps/orders".
 * @throws Error when two blocks have one name.
 */
export function extractExamples(...pages: readonly string[]): Examples {
  const found = { example: new Map<string, string>(), output: new Map<string, string>() };
  for (const page of pages) {
    for (const [, kind, name = '', text = ''] of page.matchAll(fence)) {
      const named = found[kind as 'example' | 'output'];
      if (named.has(name)) throw new Error(`Two blocks are called ${name}. Give each a name of its own.`);
      named.set(name, text);
    }
  }
  return { files: found.example, outputs: found.output };
}
