import { silentLogger, type Logger } from '@angarium/observability';
import { waitFor } from '@angarium/testing';
import { Loop } from './loop.js';

const loops: Loop[] = [];
afterEach(() => Promise.all(loops.splice(0).map((it) => it.stop())));
const loopOf = (pass: () => Promise<boolean | number | void>, everyMs = 60_000, logger: Logger = silentLogger) => {
  const loop = new Loop({ name: 'test', everyMs, logger, pass });
  loops.push(loop);
  return loop;
};

describe('a loop', () => {
  it('passes at once when it starts, once however often it is started, and never two passes at a time', async () => {
    let passes = 0;
    let running = 0;
    const loop = loopOf(async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      passes += 1;
    });
    loop.start();
    loop.start();
    loop.kick();
    loop.kick();
    // the one that ran, and one more for all who asked meanwhile
    await waitFor(() => passes === 2, { what: 'two passes' });
    await loop.stop();
    expect(passes).toBe(2);
  });

  it('goes on at once while a pass says that there is more, and after the pause that it wishes', async () => {
    let passes = 0;
    loopOf(() => Promise.resolve(++passes < 5 ? true : passes < 8 ? 1 : undefined)).start();
    await waitFor(() => passes === 8, { what: 'eight passes' });
  });

  it('that fails goes on at its pace, says so once, and says when it works again', async () => {
    const lines: string[] = [];
    const logger = { warn: (_: object, text: string) => lines.push(text), info: (_: object, text: string) => lines.push(text) } as unknown as Logger;
    let passes = 0;
    loopOf(() => (++passes <= 3 ? Promise.reject(new Error('no')) : Promise.resolve()), 1, logger).start();
    await waitFor(() => passes > 4, { what: 'five passes' });
    expect(lines).toEqual(['a loop cannot do its work; it tries again', 'a loop works again']);
  });

  it('that is stopped ends its pass and begins no other, whoever kicks it', async () => {
    let isOver = false;
    let passes = 0;
    const loop = loopOf(async () => {
      passes += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      isOver = true;
    });
    loop.kick();
    expect(passes).toBe(0);
    loop.start();
    loop.kick();
    await loop.stop();
    expect(isOver).toBe(true);
    loop.kick();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(passes).toBe(1);
  });
});
