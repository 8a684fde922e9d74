import { parseArgs } from 'node:util';

export interface Arguments {
  /** Names the sequence of faults. */
  readonly seed: number;
  /** How long faults are made; what follows takes as long as it needs. */
  readonly minutes: number;
  readonly replicaCount: number;
  readonly fsync: 'always' | 'everysec';
  readonly isHelp: boolean;
}

export const usage = `npm run chaos -- --seed <number> --minutes <number> [--replicas 2] [--fsync always|everysec]

Runs the broker under load on servers of its own, makes faults for so many minutes (default 3), cures everything, and checks that
nothing acknowledged was lost, nothing invented, and what else docs/operations/chaos.md names. The same seed (default: one by chance)
makes the same faults in the same order. Exit code 1: something was broken; its evidence is printed and the logs are kept.`;

const MAX_SEED = 2 ** 32;

/** @throws Error naming what is wrong. */
export function parseArguments(argv: readonly string[], random = Math.random): Arguments {
  const text = { type: 'string' } as const;
  // npm takes the -- away, a direct call of the tool does not
  const args = argv[0] === '--' ? argv.slice(1) : [...argv];
  const { values } = parseArgs({ args, options: { seed: text, minutes: text, replicas: text, fsync: text, help: { type: 'boolean' } } });
  const { fsync = 'always' } = values;
  if (fsync !== 'always' && fsync !== 'everysec') throw new Error(`--fsync is always or everysec, not "${fsync}".`);
  return {
    seed: numberOf('seed', values.seed ?? String(Math.floor(random() * MAX_SEED)), { min: 0, max: MAX_SEED - 1, isWhole: true }),
    minutes: numberOf('minutes', values.minutes ?? '3', { min: 0.1, max: 1_440, isWhole: false }),
    replicaCount: numberOf('replicas', values.replicas ?? '2', { min: 1, max: 5, isWhole: true }),
    fsync,
    isHelp: values.help ?? false,
  };
}

function numberOf(name: string, given: string, { min, max, isWhole }: { min: number; max: number; isWhole: boolean }): number {
  const value = given.trim() === '' ? Number.NaN : Number(given);
  if (!(value >= min && value <= max) || (isWhole && !Number.isInteger(value))) {
    throw new Error(`--${name} is a ${isWhole ? 'whole number' : 'number'} from ${min} to ${max}, not "${given}".`);
  }
  return value;
}
