import fc from 'fast-check';
import { chooseNext, IDLE_TENANT_RESERVE, MAX_TENANT_SHARE, Rotation, type Candidate, type Choice, type Slots } from './choose-next.js';

const reserveOf = (totalSlots: number) => Math.ceil(totalSlots * IDLE_TENANT_RESERVE);
const mostOf = (totalSlots: number) => Math.max(1, Math.floor(totalSlots * MAX_TENANT_SHARE));
const candidate = (subscriptionId: string, inFlight = 0, maxInFlight = 1_000): Candidate => ({ subscriptionId, tenantId: subscriptionId.charAt(0), inFlight, maxInFlight });

/** What is in flight is all that the candidates have, unless stated otherwise. */
const slots = (candidates: readonly Candidate[], totalSlots: number, rest: Partial<Slots> = {}): Slots => {
  const inFlightByTenant = new Map<string, number>();
  for (const { tenantId, inFlight } of candidates) inFlightByTenant.set(tenantId, (inFlightByTenant.get(tenantId) ?? 0) + inFlight);
  const usedSlots = candidates.reduce((sum, { inFlight }) => sum + inFlight, 0);
  return { candidates, inFlightByTenant, totalSlots, usedSlots, rotation: new Rotation(), ...rest };
};

/** A broker with backlogs that never end: slots are filled, deliveries end, slots are filled again. */
class Simulation {
  readonly served = new Map<string, number>();
  readonly running: Choice[] = [];
  readonly #rotation = new Rotation();

  constructor(
    private hot: readonly { readonly subscriptionId: string; readonly tenantId: string; readonly maxInFlight: number }[],
    private readonly totalSlots: number,
  ) {}

  inFlight(id: string): number {
    return this.running.filter(({ subscriptionId, tenantId }) => subscriptionId === id || tenantId === id).length;
  }

  fill(): void {
    for (;;) {
      const candidates = this.hot.map((it) => ({ ...it, inFlight: this.inFlight(it.subscriptionId) }));
      const choice = chooseNext(slots(candidates, this.totalSlots, { rotation: this.#rotation }));
      if (!choice) return;
      this.#rotation.note(choice);
      for (let index = 0; index < choice.count; index += 1) this.running.push(choice);
      for (const id of [choice.subscriptionId, choice.tenantId]) this.served.set(id, (this.served.get(id) ?? 0) + choice.count);
    }
  }

  end(index = 0): void {
    this.running.splice(index % this.running.length, 1);
  }

  join(subscriptionId: string): void {
    this.hot = [...this.hot, candidate(subscriptionId)];
  }
}
/** `tenants` tenants a, b, c …, of which the first has one subscription, the second two, and so on. */
const hotTenants = (tenants: number, maxInFlight = 1_000) =>
  Array.from({ length: tenants }, (_, tenant) => Array.from({ length: tenant + 1 }, (__, index) => candidate(`${String.fromCharCode(97 + tenant)}${index}`, 0, maxInFlight))).flat();
const namesOf = (tenants: number) => Array.from({ length: tenants }, (_, tenant) => String.fromCharCode(97 + tenant));
const spreadOf = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);

describe('a free slot', () => {
  it('goes to the tenant with least in flight, and there to the least loaded subscription', () => {
    const candidates = [candidate('a1', 5), candidate('b1', 3), candidate('b2', 1), candidate('c1', 9)];
    expect(chooseNext(slots(candidates, 100))).toMatchObject({ subscriptionId: 'b2', tenantId: 'b' });
  });

  it('counts all that a tenant has in flight, not only what its candidates have', () => {
    const inFlightByTenant = new Map([['a', 50]]);
    expect(chooseNext(slots([candidate('a1'), candidate('b1', 3)], 100, { inFlightByTenant, usedSlots: 53 }))).toMatchObject({ subscriptionId: 'b1' });
  });

  it('takes turns among equals', () => {
    const rotation = new Rotation();
    const turns = Array.from({ length: 6 }, () => {
      const choice = chooseNext(slots(['a1', 'b1', 'a2'].map((id) => candidate(id)), 1, { rotation }));
      if (choice) rotation.note(choice);
      return choice?.subscriptionId;
    });
    expect(turns).toEqual(['a1', 'b1', 'a2', 'b1', 'a1', 'b1']);
  });

  it('brings several messages at once where nobody is overtaken by it', () => {
    expect(chooseNext(slots([candidate('a1')], 100))?.count).toBe(90);
    expect(chooseNext(slots([candidate('a1'), candidate('b1')], 100))?.count).toBe(45);
    expect(chooseNext(slots([candidate('a1'), candidate('b1', 7)], 100))?.count).toBe(7);
    expect(chooseNext(slots([candidate('a1'), candidate('a2'), candidate('a3', 5)], 100))?.count).toBe(5);
    expect(chooseNext(slots([candidate('a1'), candidate('a2')], 100))?.count).toBe(45);
    expect(chooseNext(slots([candidate('a1', 0, 3)], 100))?.count).toBe(3);
  });

  it('stays free if nobody may have it', () => {
    expect(chooseNext(slots([], 10))).toBeUndefined();
    expect(chooseNext(slots([candidate('a1', 5, 5)], 10))).toBeUndefined();
    expect(chooseNext(slots([candidate('a1')], 10, { usedSlots: 10 }))).toBeUndefined();
    expect(chooseNext(slots([candidate('a1', 5)], 10, { usedSlots: 9 }))).toBeUndefined();
  });

  it('is kept for tenants with nothing in flight while it is among the last tenth', () => {
    expect(chooseNext(slots([candidate('a1', 90)], 100))).toBeUndefined();
    expect(chooseNext(slots([candidate('a1', 90), candidate('b1')], 100))).toEqual({ subscriptionId: 'b1', tenantId: 'b', count: 1 });
    expect(chooseNext(slots([candidate('a1')], 1))?.count).toBe(1);
  });

  it('is not given to a tenant with four fifths of all while another one waits, even for its own receiver', () => {
    expect(chooseNext(slots([candidate('a1', 80), candidate('b1', 2, 2)], 100))).toBeUndefined();
    expect(chooseNext(slots([candidate('a1', 79), candidate('b1', 2, 2)], 100))).toMatchObject({ subscriptionId: 'a1', count: 1 });
    expect(chooseNext(slots([candidate('a1', 80)], 100))).toMatchObject({ count: 10 });
  });
});

describe('any choice', () => {
  const totals = fc.integer({ min: 1, max: 60 });
  const anyCandidates = fc.uniqueArray(
    fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(4), fc.nat(12), fc.integer({ min: 1, max: 12 })).map(([tenant, index, inFlight, max]) => candidate(tenant + index, inFlight, max)),
    { selector: ({ subscriptionId }) => subscriptionId, maxLength: 12 },
  );
  const anySlots = fc.tuple(anyCandidates, totals).map(([candidates, totalSlots]) => slots(candidates, totalSlots));
  const facts = (given: Slots) => {
    const waiting = given.candidates.filter(({ inFlight, maxInFlight }) => inFlight < maxInFlight);
    const of = (tenantId: string) => given.inFlightByTenant.get(tenantId) ?? 0;
    const least = Math.min(...waiting.map(({ tenantId }) => of(tenantId)));
    return { waiting, of, least, free: given.totalSlots - given.usedSlots, hasOthers: new Set(given.candidates.map(({ tenantId }) => tenantId)).size > 1 };
  };

  it('keeps every limit: of the subscription, of all slots, of the two reserves', () => {
    fc.assert(
      fc.property(anySlots, (given) => {
        const choice = chooseNext(given);
        if (!choice) return;
        const { of, free, hasOthers } = facts(given);
        const chosen = given.candidates.find(({ subscriptionId }) => subscriptionId === choice.subscriptionId)!;
        expect(choice.tenantId).toBe(chosen.tenantId);
        expect(choice.count).toBeGreaterThanOrEqual(1);
        expect(chosen.inFlight + choice.count).toBeLessThanOrEqual(chosen.maxInFlight);
        expect(choice.count).toBeLessThanOrEqual(free);
        if (of(choice.tenantId) > 0 || choice.count > 1) expect(free - choice.count).toBeGreaterThanOrEqual(reserveOf(given.totalSlots));
        if (hasOthers) expect(of(choice.tenantId) + choice.count).toBeLessThanOrEqual(mostOf(given.totalSlots));
      }),
      { numRuns: 500 },
    );
  });

  it('is for a tenant than which no other has less in flight, and overtakes none by more than one', () => {
    fc.assert(
      fc.property(anySlots, (given) => {
        const choice = chooseNext(given);
        if (!choice) return;
        const { waiting, of, least } = facts(given);
        expect(of(choice.tenantId)).toBe(least);
        const others = waiting.filter(({ tenantId }) => tenantId !== choice.tenantId).map(({ tenantId }) => of(tenantId));
        const next = Math.min(...others.filter((count) => count > least));
        expect(least + choice.count).toBeLessThanOrEqual(Math.max(next, least + 1));
      }),
      { numRuns: 500 },
    );
  });

  it('leaves a slot free only if nobody has messages for it or a reserve holds it', () => {
    fc.assert(
      fc.property(anySlots, (given) => {
        if (chooseNext(given)) return;
        const { waiting, least, free, hasOthers } = facts(given);
        const isReserved = least > 0 && (free <= reserveOf(given.totalSlots) || (hasOthers && least >= mostOf(given.totalSlots)));
        expect(free < 1 || waiting.length === 0 || isReserved).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('tenants with backlogs that never end', () => {
  const tenantCounts = fc.integer({ min: 1, max: 7 });
  const totals = fc.integer({ min: 1, max: 40 });

  it('share the slots evenly, to within one, however many subscriptions each has', () => {
    fc.assert(
      fc.property(tenantCounts, totals, (tenants, totalSlots) => {
        const broker = new Simulation(hotTenants(tenants), totalSlots);
        broker.fill();
        expect(spreadOf(namesOf(tenants).map((name) => broker.inFlight(name)))).toBeLessThanOrEqual(1);
        expect(broker.running.length).toBeGreaterThanOrEqual(Math.min(totalSlots, Math.max(1, totalSlots - reserveOf(totalSlots))));
      }),
      { numRuns: 60 },
    );
  });

  it('share them evenly at any time, whoever has the faster receivers', () => {
    fc.assert(
      fc.property(tenantCounts, totals, fc.array(fc.nat(), { minLength: 20, maxLength: 60 }), (tenants, totalSlots, ends) => {
        const broker = new Simulation(hotTenants(tenants), totalSlots);
        broker.fill();
        for (const index of ends) {
          broker.end(index);
          broker.fill();
          expect(broker.running.length).toBeLessThanOrEqual(totalSlots);
          expect(spreadOf(namesOf(tenants).map((name) => broker.inFlight(name)))).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 40 },
    );
  });

  /** A tenant's share of the slots: so many of its deliveries may end before the others' do. It must not grow with time. */
  const roundOf = (totalSlots: number, tenants: number) => Math.ceil(totalSlots / tenants);

  it('are each served to within one round, where every delivery takes equally long', () => {
    fc.assert(
      fc.property(tenantCounts, totals, (tenants, totalSlots) => {
        const broker = new Simulation(hotTenants(tenants), totalSlots);
        for (let ended = 0; ended < 300; ended += 1) {
          broker.fill();
          broker.end();
        }
        expect(spreadOf(namesOf(tenants).map((name) => broker.served.get(name) ?? 0))).toBeLessThanOrEqual(roundOf(totalSlots, tenants));
      }),
      { numRuns: 40 },
    );
  });

  it('starve none of their subscriptions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), totals, (tenants, totalSlots) => {
        const hot = hotTenants(tenants);
        const broker = new Simulation(hot, totalSlots);
        for (let ended = 0; ended < 300; ended += 1) {
          broker.fill();
          broker.end();
        }
        for (const name of namesOf(tenants)) {
          const own = hot.filter(({ tenantId }) => tenantId === name).map(({ subscriptionId }) => broker.served.get(subscriptionId) ?? 0);
          expect(spreadOf(own)).toBeLessThanOrEqual(roundOf(totalSlots, tenants));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('do not hold up a tenant that begins now: it is served before any delivery has ended', () => {
    fc.assert(
      fc.property(tenantCounts, fc.integer({ min: 10, max: 60 }), (tenants, totalSlots) => {
        const broker = new Simulation(hotTenants(tenants), totalSlots);
        broker.fill();
        fc.pre(broker.running.length < totalSlots);
        broker.join('z1');
        broker.fill();
        expect(broker.inFlight('z')).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the rotation', () => {
  it('remembers no more than its capacity, and forgets the turn that is longest ago first', () => {
    const rotation = new Rotation(4);
    for (const id of ['a1', 'b1', 'a1', 'c1']) rotation.note({ tenantId: id.charAt(0), subscriptionId: id });
    expect(['a', 'b', 'c'].map((id) => rotation.lastTurnOf('tenant', id))).toEqual([3, 0, 4]);
    expect(['a1', 'b1', 'c1'].map((id) => rotation.lastTurnOf('subscription', id))).toEqual([3, 0, 4]);
  });
});
