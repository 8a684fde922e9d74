import { setTimeout as pause } from 'node:timers/promises';
import type { SubscriptionPlan } from './subscriptions.js';

const FAIL_EVERY = 20;
const SLOW_EVERY = 100;
const SLOW_MS = 700;

/**
 * How the receiver of webhooks answers: one message in twenty is refused at first, one in a hundred is answered slowly, and some never.
 * Which ones differs by subscription and is the same in every run.
 */
export function receiverMoods(plans: readonly SubscriptionPlan[]): (path: string, n: number) => Promise<number> {
  const known = new Map(plans.map((plan, nth) => [`/${plan.name}`, { plan, nth }]));
  const failed = new Set<string>();
  return async (path, n) => {
    const found = known.get(path);
    if (found === undefined) return 404;
    if (found.plan.refuses(n)) return 500;
    if ((n + found.nth * 7) % SLOW_EVERY === 0) await pause(SLOW_MS);
    const name = `${path} ${n}`;
    if ((n + found.nth * 3) % FAIL_EVERY !== 0 || failed.has(name)) return 200;
    failed.add(name);
    return 503;
  };
}
