import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the replicas write, whole: a file for each. Kept only when something was broken. */
export class LogFiles {
  private readonly files = new Map<string, WriteStream>();

  private constructor(readonly folder: string) {}

  static async open(seed: number): Promise<LogFiles> {
    return new LogFiles(await mkdtemp(join(tmpdir(), `angarium-chaos-${seed}-`)));
  }

  write(name: string, line: string): void {
    let file = this.files.get(name);
    if (file === undefined) {
      file = createWriteStream(join(this.folder, `${name}.log`));
      this.files.set(name, file);
    }
    file.write(`${line}\n`);
  }

  async close(isKept: boolean): Promise<void> {
    await Promise.all([...this.files.values()].map((file) => new Promise((resolve) => file.end(resolve))));
    if (!isKept) await rm(this.folder, { recursive: true, force: true });
  }
}
