import { SeededRandom } from './seeded-random.js';

/** The points of MQ_DIE_AT, in the order of a message's journey. */
const diePoints = ['accepted', 'committed', 'answered', 'appended', 'taken', 'delivered', 'parked'] as const;
export type Store = 'redis' | 'postgres';
type Held = 'both' | 'requests' | 'answers';

/** One thing that goes wrong. `replica`: its number, from 0. */
export type Fault =
  | { readonly kind: 'kill-replica'; readonly replica: number; readonly downMs: number }
  | { readonly kind: 'restart-replica'; readonly replica: number }
  /** SIGSTOP for longer than a lease (5 s), then SIGCONT. */
  | { readonly kind: 'freeze-replica'; readonly replica: number; readonly holdMs: number }
  /** Restarted so that it kills itself when it passes a point for the n-th time. */
  | { readonly kind: 'die-at'; readonly replica: number; readonly point: (typeof diePoints)[number]; readonly passes: number }
  | { readonly kind: 'kill-redis'; readonly downMs: number }
  | { readonly kind: 'freeze-redis'; readonly holdMs: number }
  | { readonly kind: 'flush-redis' }
  | { readonly kind: 'kill-postgres'; readonly downMs: number }
  | { readonly kind: 'terminate-connections' }
  /** Connections stay open and carry nothing; then they go on, or are reset. */
  | { readonly kind: 'half-open'; readonly store: Store; readonly held: Held; readonly holdMs: number; readonly isReset: boolean }
  | { readonly kind: 'reset-connections'; readonly store: Store; readonly holdMs: number };

export interface Step {
  readonly nth: number;
  readonly fault: Fault;
  /** A replica that is killed besides, in the middle of the fault. */
  readonly alsoKilled: number | undefined;
  /** How long all is well before the next one; undefined: the next one begins at once, whether deliveries go on or not. */
  readonly restMs: number | undefined;
}

const makers: Readonly<Record<Fault['kind'], (random: SeededRandom, replica: number) => Fault>> = {
  'kill-replica': (random, replica) => ({ kind: 'kill-replica', replica, downMs: random.between(0, 6_000) }),
  'restart-replica': (_random, replica) => ({ kind: 'restart-replica', replica }),
  'freeze-replica': (random, replica) => ({ kind: 'freeze-replica', replica, holdMs: random.between(6_000, 9_000) }),
  'die-at': (random, replica) => ({ kind: 'die-at', replica, point: random.pick(diePoints), passes: random.between(2, 30) }),
  'kill-redis': (random) => ({ kind: 'kill-redis', downMs: random.between(0, 5_000) }),
  'freeze-redis': () => ({ kind: 'freeze-redis', holdMs: 10_000 }),
  'flush-redis': () => ({ kind: 'flush-redis' }),
  'kill-postgres': (random) => ({ kind: 'kill-postgres', downMs: random.between(0, 5_000) }),
  'terminate-connections': () => ({ kind: 'terminate-connections' }),
  'half-open': (random) => ({
    kind: 'half-open',
    store: random.pick(['redis', 'postgres']),
    held: random.pick(['both', 'requests', 'answers']),
    holdMs: random.between(500, 9_000),
    isReset: random.is(0.5),
  }),
  'reset-connections': (random) => ({ kind: 'reset-connections', store: random.pick(['redis', 'postgres']), holdMs: random.between(0, 3_000) }),
};
/** What takes long enough for a replica to be killed in the middle of it. */
const lasting: readonly Fault['kind'][] = ['kill-redis', 'freeze-redis', 'kill-postgres', 'half-open', 'flush-redis'];

/**
 * The faults of a seed, without end: the same ones in the same order each time. Each kind comes once before any comes again,
 * so that a short run sees many.
 */
export function* faultSequence(seed: number, replicaCount: number): Generator<Step, never> {
  const random = new SeededRandom(seed);
  const kinds = Object.keys(makers) as Fault['kind'][];
  for (let nth = 1; ; ) {
    for (const kind of random.shuffle(kinds)) {
      const fault = makers[kind](random, random.between(0, replicaCount - 1));
      const alsoKilled = lasting.includes(kind) && random.is(0.3) ? random.between(0, replicaCount - 1) : undefined;
      yield { nth, fault, alsoKilled, restMs: random.is(0.3) ? undefined : random.between(300, 2_000) };
      nth += 1;
    }
  }
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** `redis is killed and stays away for 1.2 s; replica 1 is killed meanwhile` */
export function describeStep({ fault, alsoKilled }: Step): string {
  return `${describeFault(fault)}${alsoKilled === undefined ? '' : `; replica ${alsoKilled} is killed meanwhile`}`;
}

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'kill-replica':
      return `replica ${fault.replica} is killed and stays away for ${seconds(fault.downMs)}`;
    case 'restart-replica':
      return `replica ${fault.replica} is restarted by SIGTERM`;
    case 'freeze-replica':
      return `replica ${fault.replica} is frozen for ${seconds(fault.holdMs)}`;
    case 'die-at':
      return `replica ${fault.replica} dies at ${fault.point}:${fault.passes}`;
    case 'kill-redis':
      return `redis is killed and stays away for ${seconds(fault.downMs)}`;
    case 'freeze-redis':
      return `redis is stopped for ${seconds(fault.holdMs)}`;
    case 'flush-redis':
      return 'redis is flushed';
    case 'kill-postgres':
      return `postgres is killed and stays away for ${seconds(fault.downMs)}`;
    case 'terminate-connections':
      return 'postgres terminates all connections';
    case 'half-open':
      return `connections to ${fault.store} are half open (${fault.held}) for ${seconds(fault.holdMs)}, then ${fault.isReset ? 'reset' : 'go on'}`;
    case 'reset-connections':
      return `connections to ${fault.store} are reset for ${seconds(fault.holdMs)}`;
  }
}
