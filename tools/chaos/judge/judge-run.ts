import { countDeliveries, outOfOrder, type Counters } from '@angarium/testing';
import type { RedisLoss } from '../faults/make-fault.js';
import { type MessageBook, type Sent } from '../load/message-book.js';
import type { SubscriptionPlan } from '../load/subscriptions.js';
import { RECOVERY_LIMIT_MS, type Recovery } from './recovery-watch.js';

/** Something that must not be. */
export interface Breach {
  readonly what: string;
  /** Messages that show it. */
  readonly ns: readonly number[];
}

export interface SubscriptionResult extends Counters {
  readonly name: string;
  /** Acknowledged and never arrived, as the durability `stream` allows: Redis lost it before anybody had recorded it. Not in `lost`. */
  readonly forgone: number;
  readonly dead: number;
}

/** Everything that a run has found out. */
export interface Findings {
  readonly book: MessageBook;
  readonly plans: readonly SubscriptionPlan[];
  /** By subscription, in order of arrival, repeats included. */
  readonly arrived: (name: string) => readonly number[];
  readonly dead: ReadonlyMap<string, ReadonlySet<number>>;
  /** When those that are missing somewhere were recorded in Postgres; those that were not are left out. */
  readonly recordedAtMs: ReadonlyMap<number, number>;
  readonly redisLosses: readonly RedisLoss[];
  readonly fsync: 'always' | 'everysec';
  readonly early: readonly number[];
  readonly storedTwice: readonly number[];
  readonly brokenNumbering: readonly string[];
  readonly recoveries: readonly Recovery[];
  /** Said by those who watched: late calls, refusals, replicas that ended by themselves. */
  readonly said: readonly string[];
}

export interface Verdict {
  readonly results: readonly SubscriptionResult[];
  readonly breaches: readonly Breach[];
}

/** Compares what was found with what is promised. Pure. */
export function judgeRun(findings: Findings): Verdict {
  const { plans, early, storedTwice, brokenNumbering, recoveries, said } = findings;
  const judged = plans.map((plan) => judgeSubscription(plan, findings));
  const slow = recoveries.filter(({ ms }) => ms > RECOVERY_LIMIT_MS);
  return {
    results: judged.map(({ result }) => result),
    breaches: [
      ...judged.flatMap(({ breaches }) => breaches),
      ...breach('a delayed message came before its time', early),
      ...breach('a message was stored twice under one id', storedTwice),
      ...[...brokenNumbering, ...said].map((what) => ({ what, ns: [] })),
      ...slow.map(({ what }) => ({ what: `no delivery within ${RECOVERY_LIMIT_MS / 1_000} s after the cure: ${what}`, ns: [] })),
    ],
  };
}

/** Acknowledged messages that neither arrived nor are dead letters of a receiver that refuses them. */
export function missing(plan: SubscriptionPlan, { book, arrived, dead }: Pick<Findings, 'book' | 'arrived' | 'dead'>): number[] {
  const [seen, given] = [new Set(arrived(plan.name)), dead.get(plan.name)];
  const { acknowledged } = book.numbers((sent) => sent.topic === plan.topic && plan.takes(sent));
  return [...acknowledged].filter((n) => !seen.has(n) && !(plan.refuses(n) && given?.has(n) === true));
}

function judgeSubscription(plan: SubscriptionPlan, findings: Findings): { result: SubscriptionResult; breaches: Breach[] } {
  const { book, arrived } = findings;
  const { name } = plan;
  const list = arrived(name);
  const counters = countDeliveries(book.numbers((sent) => sent.topic === plan.topic && plan.takes(sent)), list);
  const gone = missing(plan, findings);
  const lost = gone.filter((n) => !mayBeLost(book.get(n), findings));
  const dead = findings.dead.get(name) ?? new Set<number>();
  const breaches = [
    ...breach(`${name}: acknowledged messages were lost`, lost),
    ...breach(`${name}: what nobody published, or not for it, was delivered`, [...new Set(list)].filter((n) => !isMeantFor(plan, book.get(n)))),
    ...breach(`${name}: a message is dead and was delivered`, [...dead].filter((n) => new Set(list).has(n))),
    ...breach(`${name}: a message is dead that its receiver takes`, [...dead].filter((n) => !plan.refuses(n))),
    ...(plan.isOrdered ? breach(`${name}: a message came after a later one of its key`, outOfOrder(list, (n) => book.placeOf(n))) : []),
  ];
  return { result: { name, ...counters, lost: lost.length, forgone: gone.length - lost.length, dead: dead.size }, breaches };
}

/** Of a topic with durability `stream`: Redis lost it (a flush; a kill where it does not sync each write), and nobody had recorded it before. */
function mayBeLost(sent: Sent | undefined, { redisLosses, recordedAtMs, fsync }: Findings): boolean {
  if (sent?.topic !== 'stream') return false;
  const [ackedFromMs, recordedMs] = [sent.ackedFromMs ?? 0, recordedAtMs.get(sent.n) ?? Number.POSITIVE_INFINITY];
  return redisLosses.some(({ kind, fromMs, untilMs }) => (kind === 'flushed' || fsync === 'everysec') && ackedFromMs <= untilMs && recordedMs >= fromMs);
}

function isMeantFor(plan: SubscriptionPlan, sent: Sent | undefined): boolean {
  return sent !== undefined && sent.topic === plan.topic && plan.takes(sent) && !plan.refuses(sent.n);
}

function breach(what: string, ns: readonly number[]): Breach[] {
  return ns.length === 0 ? [] : [{ what: `${what} (${ns.length})`, ns }];
}
