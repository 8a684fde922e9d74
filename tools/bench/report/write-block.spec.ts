import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceBlock, writeBlock } from './write-block.js';

describe('a block of the benchmarks page', () => {
  it('replaces the one before it and leaves what stands around it', () => {
    const page = 'before\n\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n\nafter $& <!-- bench:b -->\nb\n<!-- /bench:b -->\n';
    expect(replaceBlock(page, 'a', 'new $1\n')).toBe(page.replace('old', () => 'new $1'));
  });

  it('goes to the end of a page that has none', () => {
    expect(replaceBlock('text\n\n\n', 'a', 'new')).toBe('text\n\n<!-- bench:a -->\nnew\n<!-- /bench:a -->\n');
  });

  it('makes the page when it is missing, and stands on it once however often it is written', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bench-page-'));
    const file = join(dir, 'benchmarks.md');
    await writeBlock(file, 'a', 'first');
    await writeBlock(file, 'b', 'other');
    await writeBlock(file, 'a', 'second');
    const page = await readFile(file, 'utf8');
    expect(page).toMatch(/^# Benchmarks\n/);
    expect(page.match(/<!-- bench:a -->/g)).toHaveLength(1);
    expect(page).toContain('second');
    expect(page).not.toContain('first');
    expect(page).toContain('other');
    await rm(dir, { recursive: true });
  });
});
