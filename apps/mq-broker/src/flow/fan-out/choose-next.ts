/*
 * Who gets a free slot for a delivery. A tenant with a million messages waiting must not slow another's: whoever has least in flight goes first,
 * so a tenant that begins now is served next, however long the others' backlogs are. Slots are given in even steps, and two reserves are kept:
 * some slots for tenants with nothing in flight, which therefore never wait for a slow receiver of somebody else, and a part of all slots that no
 * single tenant takes while others have messages waiting too.
 */

/** Share of all slots, rounded up, that only a tenant with nothing in flight may use. */
export const IDLE_TENANT_RESERVE = 0.1;
/** Most of all slots that one tenant may have while another one has messages waiting. */
export const MAX_TENANT_SHARE = 0.8;

/** A subscription with messages waiting. */
export interface Candidate {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly inFlight: number;
  readonly maxInFlight: number;
}

export interface Slots {
  readonly candidates: readonly Candidate[];
  /** All that a tenant has in flight, its subscriptions that are no candidates included; none where it is missing. */
  readonly inFlightByTenant: ReadonlyMap<string, number>;
  readonly totalSlots: number;
  readonly usedSlots: number;
  readonly rotation: Pick<Rotation, 'lastTurnOf'>;
}

export interface Choice {
  readonly subscriptionId: string;
  readonly tenantId: string;
  /** How many of its messages to read now, at least 1. */
  readonly count: number;
}

/** The rotation cursor: remembers who had a turn last, so that equals take turns. Note each choice that was read. */
export class Rotation {
  readonly #turns = new Map<string, number>();
  #turn = 0;

  /** @param capacity how many tenants and subscriptions are remembered; whose turn was before theirs counts as never served. */
  constructor(private readonly capacity = 20_000) {}

  lastTurnOf(kind: 'tenant' | 'subscription', id: string): number {
    return this.#turns.get(`${kind}:${id}`) ?? 0;
  }

  note({ tenantId, subscriptionId }: Pick<Choice, 'tenantId' | 'subscriptionId'>): void {
    this.#turn += 1;
    for (const name of [`tenant:${tenantId}`, `subscription:${subscriptionId}`]) {
      // Taken out first, so that the map's own order is that of the turns and the oldest is at its front.
      this.#turns.delete(name);
      this.#turns.set(name, this.#turn);
    }
    for (const oldest of this.#turns.keys()) {
      if (this.#turns.size <= this.capacity) return;
      this.#turns.delete(oldest);
    }
  }
}

interface Contender {
  readonly id: string;
  readonly inFlight: number;
  readonly lastTurn: number;
}

/** Whose messages to read next and how many, or undefined if nobody may have a slot. Pure, linear in the candidates. */
export function chooseNext({ candidates, inFlightByTenant, totalSlots, usedSlots, rotation }: Slots): Choice | undefined {
  const freeCount = totalSlots - usedSlots;
  const waiting = candidates.filter((candidate) => candidate.inFlight < candidate.maxInFlight);
  if (freeCount < 1 || waiting.length === 0) return undefined;

  const tenantIds = [...new Set(waiting.map(({ tenantId }) => tenantId))];
  const tenants = tenantIds.map((id) => ({ id, inFlight: inFlightByTenant.get(id) ?? 0, lastTurn: rotation.lastTurnOf('tenant', id) }));
  const tenant = leastLoaded(tenants);
  if (!tenant) return undefined;
  const isAlone = candidates.every(({ tenantId }) => tenantId === tenant.first.id);
  const spareCount = freeCount - Math.ceil(totalSlots * IDLE_TENANT_RESERVE);
  const ownCount = Math.max(1, isAlone ? totalSlots : Math.floor(totalSlots * MAX_TENANT_SHARE)) - tenant.first.inFlight;
  // The first one of a tenant with nothing in flight may come out of the reserve; more of it may not.
  const grantable = tenant.first.inFlight === 0 ? Math.max(1, Math.min(spareCount, ownCount)) : Math.min(spareCount, ownCount);
  if (grantable < 1) return undefined;
  const tenantCount = evenStep(tenant, Math.min(grantable, Math.max(1, Math.floor(spareCount / tenant.equalCount))));

  const own = waiting.filter(({ tenantId }) => tenantId === tenant.first.id);
  const subscription = leastLoaded(own.map((it) => ({ ...it, id: it.subscriptionId, lastTurn: rotation.lastTurnOf('subscription', it.subscriptionId) })));
  if (!subscription) return undefined;
  const room = subscription.first.maxInFlight - subscription.first.inFlight;
  const count = evenStep(subscription, Math.min(tenantCount, Math.max(1, Math.floor(tenantCount / subscription.equalCount))));
  return { subscriptionId: subscription.first.id, tenantId: tenant.first.id, count: Math.min(count, room) };
}

interface Least<T> {
  /** With least in flight, and among equals the one whose turn is longest ago. */
  readonly first: T;
  readonly equalCount: number;
  /** In flight of the one that comes after these equals. */
  readonly nextInFlight: number;
}

function leastLoaded<T extends Contender>(contenders: readonly T[]): Least<T> | undefined {
  let least: Least<T> | undefined;
  for (const one of contenders) {
    if (!least || one.inFlight < least.first.inFlight) least = { first: one, equalCount: 1, nextInFlight: least?.first.inFlight ?? Infinity };
    else if (one.inFlight > least.first.inFlight) least = { ...least, nextInFlight: Math.min(least.nextInFlight, one.inFlight) };
    else least = { ...least, equalCount: least.equalCount + 1, first: one.lastTurn < least.first.lastTurn ? one : least.first };
  }
  return least;
}

/** As many as bring the first one up to the next, so that nobody gets ahead in one step. */
function evenStep({ first, nextInFlight }: Least<Contender>, most: number): number {
  return Math.min(most, nextInFlight - first.inFlight);
}
