import type { ConsumerMetrics } from '@angarium/contracts/broker-api';
import { lagOf, type ConsumerFigures } from './consumer-figures.repository.js';
import type { StreamLanes } from './stream-lanes.js';

/** What the API calls owed, of one subscription or of many. */
export type Owed = Pick<ConsumerMetrics, 'lag' | 'waiting' | 'inFlight' | 'dead' | 'oldestUnsettledAgeMs'>;

export const nothingOwed: Owed = { lag: 0, waiting: 0, inFlight: 0, dead: 0, oldestUnsettledAgeMs: null };

/** What each subscription owes, by its id: the rows of the ledger together with what lies in the streams. Never throws. */
export async function owedBy(lanes: Pick<StreamLanes, 'look'>, subscriptions: readonly ConsumerFigures[], nowMs = Date.now()): Promise<Map<string, Owed>> {
  const behind = subscriptions.flatMap((it) => it.lanes);
  const states = await lanes.look(behind, nowMs);
  return new Map(
    subscriptions.map((it) => {
      const mine = states.filter((_, at) => behind[at]?.subscriptionId === it.id);
      const oldestAt = Math.min(it.oldestRowAt ?? Infinity, ...mine.map((lane) => lane.oldestAt));
      const owed: Owed = {
        lag: lagOf(it),
        waiting: it.waiting,
        inFlight: it.inFlight + mine.reduce((sum, lane) => sum + lane.inFlight, 0),
        dead: it.dead,
        oldestUnsettledAgeMs: Number.isFinite(oldestAt) ? Math.max(0, nowMs - oldestAt) : null,
      };
      return [it.id, owed];
    }),
  );
}

/** Adds up what two owe; of the ages the higher one. Pure. */
export function addOwed(one: Owed, other: Owed): Owed {
  const ages = [one.oldestUnsettledAgeMs, other.oldestUnsettledAgeMs].filter((age) => age !== null);
  return {
    lag: one.lag + other.lag,
    waiting: one.waiting + other.waiting,
    inFlight: one.inFlight + other.inFlight,
    dead: one.dead + other.dead,
    oldestUnsettledAgeMs: ages.length === 0 ? null : Math.max(...ages),
  };
}
