import { describeRestart, RestartBudget } from './restart-budget.js';

const policy = { maxRestarts: 3, windowMs: 1_000, firstPauseMs: 100, maxPauseMs: 300 };

describe('the restart budget', () => {
  it('doubles the pause up to its limit, and is used up after so many restarts', () => {
    const budget = new RestartBudget(policy, () => 0);
    expect([budget.spend(), budget.spend(), budget.spend(), budget.spend()]).toEqual([
      { pauseMs: 100, count: 1 },
      { pauseMs: 200, count: 2 },
      { pauseMs: 300, count: 3 },
      undefined,
    ]);
  });

  it('forgets restarts that are longer ago than the window', () => {
    let now = 0;
    const budget = new RestartBudget(policy, () => now);
    budget.spend();
    budget.spend();
    now = 1_000;
    expect(budget.spend()).toEqual({ pauseMs: 100, count: 1 });
  });

  it('is told in words', () => {
    expect(describeRestart({ pauseMs: 200, count: 2 }, policy)).toBe('starting it again in 200 ms (2 of 3 within 1 s)');
  });
});
