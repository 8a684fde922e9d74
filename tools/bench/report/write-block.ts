import { readFile, writeFile } from 'node:fs/promises';

const heading = `# Benchmarks

Figures of this repository's own benches, each with the command that makes them. Every block below is replaced when its command has run through.
`;

/** Puts a text between `<!-- bench:name -->` and its end mark; at the end of the page where the marks are missing. Makes the page. */
export async function writeBlock(file: string, name: string, text: string): Promise<void> {
  const page = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return heading;
    throw error;
  });
  await writeFile(file, replaceBlock(page, name, text));
}

export function replaceBlock(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const block = `${open}\n${text.trim()}\n${close}`;
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start === -1 || end < start) return `${page.trimEnd()}\n\n${block}\n`;
  return page.slice(0, start) + block + page.slice(end + close.length);
}
