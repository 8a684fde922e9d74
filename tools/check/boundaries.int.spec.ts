import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const root = join(import.meta.dirname, '../..');

/** ESLint's verdict on `file` with `line` put in front of it; the file itself is not changed. A process of its own, as under Jest typescript-eslint sees another realm. */
async function lintWith(file: string, line: string): Promise<string[]> {
  const text = `${line}\n${await readFile(join(root, file), 'utf8')}`;
  const args = ['node_modules/eslint/bin/eslint.js', '--stdin', '--stdin-filename', file, '--format', 'json'];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, NODE_OPTIONS: '', NX_DAEMON: 'false' }, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  child.stdin.end(text);
  await once(child, 'close');
  if (output === '') throw new Error(errors);
  const [result] = JSON.parse(output) as { messages: { ruleId: string | null; message: string; line: number }[] }[];
  return result!.messages.filter(({ ruleId, line: at }) => ruleId === '@nx/enforce-module-boundaries' && at === 1).map(({ message }) => message);
}

describe('the module boundaries', () => {
  it.each([
    ['a core library may not use NestJS', 'libs/contracts/src/envelope.ts', `import '@nestjs/common';`],
    ['a core library may not use Redis', 'libs/errors/src/ignore-error.ts', `import 'ioredis';`],
    ['a core library may not use a platform library', 'libs/contracts/src/envelope.ts', `import '@angarium/config';`],
    ['a platform library may not use an app', 'libs/queues/src/errors.ts', `import '../../../apps/gateway/src/errors.js';`],
    ['an app may not use another app', 'apps/gateway/src/errors.ts', `import '../../task-worker/src/errors.js';`],
    ['only tests may use the testing library', 'apps/gateway/src/errors.ts', `import '@angarium/testing';`],
    ['a library is entered through its index alone', 'apps/gateway/src/errors.ts', `import '../../../libs/errors/src/shared-errors.js';`],
  ])('%s: the lint fails', async (_rule, file, line) => {
    expect(await lintWith(file, line)).not.toEqual([]);
  });

  it('allow what the layers allow', async () => {
    expect(await lintWith('apps/gateway/src/errors.ts', `import '@angarium/contracts';`)).toEqual([]);
  });
});
