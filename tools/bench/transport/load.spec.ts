import { now } from './clock.js';
import { closedLoop, openLoop } from './load.js';

describe('load', () => {
  it('in a closed loop keeps as many calls under way as there are slots, and numbers every message once', async () => {
    const seen: number[] = [];
    let running = 0;
    let most = 0;
    const sent = await closedLoop({ durationMs: 30, slots: 4, size: 2 }, async (first, size) => {
      most = Math.max(most, (running += 1));
      for (let n = first; n < first + size; n++) seen.push(n);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    expect(most).toBe(4);
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: sent.sent }, (_, n) => n));
    expect(sent.sent).toBeGreaterThan(8);
  });

  it('in an open loop sends on time although no call comes back', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const startAt = now();
    const late: number[] = [];
    const load = openLoop({ startAt, intervalMs: 2 }, 10, (n) => {
      late.push(now() - (startAt + n * 2));
      if (n === 9) answer();
      return answered;
    });
    expect(await load).toMatchObject({ sent: 10, failed: 0 });
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  });

  it('counts what failed and goes on', async () => {
    const send = (n: number) => (n % 2 === 0 ? Promise.reject(new Error('refused')) : Promise.resolve());
    expect(await openLoop({ startAt: now(), intervalMs: 0.1 }, 10, send)).toMatchObject({ sent: 10, failed: 5 });
    const { sent, failed } = await closedLoop({ durationMs: 10, slots: 1, size: 1 }, async (n) => {
      await new Promise((resolve) => setImmediate(resolve));
      return send(n);
    });
    expect(failed).toBe(Math.ceil(sent / 2));
  });
});
