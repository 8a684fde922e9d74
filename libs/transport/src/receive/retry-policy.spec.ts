import { AngariumError } from '@angarium/errors';
import { decideRetry } from './retry-policy.js';

const policy = { maxAttempts: 3, baseMs: 100, capMs: 1_000 };
const failure = (retry: AngariumError['retry']) => new AngariumError({ code: 'X', status: 500, blame: 'us', retry }, 'x');

describe('the retry decision', () => {
  it('doubles the pause after each failure, up to the cap, spread by a fifth', () => {
    const delays = [1, 2].map((attempts) => decideRetry(new Error('x'), attempts, 0, policy, 0.5));
    expect(delays).toEqual([
      { action: 'retry', delayMs: 100, countsAsAttempt: true },
      { action: 'retry', delayMs: 200, countsAsAttempt: true },
    ]);
    const patient = { ...policy, maxAttempts: 99 };
    expect(decideRetry(new Error('x'), 20, 0, patient, 0.5)).toMatchObject({ delayMs: 1_000 });
    expect(decideRetry(new Error('x'), 20, 0, patient, 0)).toMatchObject({ delayMs: 800 });
    expect(decideRetry(new Error('x'), 20, 0, patient, 1)).toMatchObject({ delayMs: 1_200 });
  });

  it('gives up after the last attempt', () => {
    expect(decideRetry(new Error('x'), 3, 0, policy)).toEqual({ action: 'give-up' });
  });

  it('gives up at once when the same input is proven to fail again', () => {
    expect(decideRetry(failure('never'), 1, 0, policy)).toEqual({ action: 'give-up' });
  });

  it('never counts an outage of what the handler depends on, and looks again within 2.4 s', () => {
    for (const outages of [0, 5, 500]) {
      const decision = decideRetry(failure('when-available'), 3, outages, policy, 1);
      expect(decision).toMatchObject({ action: 'retry', countsAsAttempt: false });
      expect(decision.action === 'retry' && decision.delayMs).toBeLessThanOrEqual(2_400);
    }
  });

  it('waits as long as it was asked to', () => {
    expect(decideRetry(failure({ afterMs: 5_000 }), 1, 0, policy)).toMatchObject({ delayMs: 5_000, countsAsAttempt: true });
  });
});
