import { tmpdir } from 'node:os';
import { runSession } from './run-session.js';

const run = (commands: readonly string[], replace: Record<string, string> = {}) =>
  runSession(commands.map((it) => ({ commands: it, answer: undefined })), { cwd: tmpdir(), env: { COLOUR: 'red' }, replace });

describe('the blocks of a session', () => {
  it('run in one shell, and each has what it printed, errors too', async () => {
    const results = await run(['name=tea', 'echo "$name $COLOUR"', 'ls no-such-file || true', 'curl-like http://127.0.0.1:3010 || echo "port PORT"'], { PORT: '99' });
    expect(results.map(({ output }) => output.trim())).toEqual(['', 'tea red', expect.stringContaining('no-such-file'), expect.stringContaining('port 99')]);
  });

  it('end with an error that shows the block, when one of its commands fails', async () => {
    await expect(run(['echo one', 'echo two\nfalse\necho three', 'echo four'])).rejects.toThrow(/^Block 2 of the page ended with 1:\necho two\nfalse/);
  });

  it('leave nothing running behind them', async () => {
    const [result] = await run(['sleep 60 &\necho $!']);
    expect(() => process.kill(Number(result?.output.trim()), 0)).toThrow('ESRCH');
  });
});
