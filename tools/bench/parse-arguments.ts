import { parseArgs } from 'node:util';

export interface Arguments {
  readonly bench: 'transport' | 'startup' | undefined;
  readonly isQuick: boolean;
  /** Contenders to leave in; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Folder for CPU profiles of the transport's processes. */
  readonly profileDir: string | undefined;
  readonly isHelp: boolean;
}

export const usage = `npm run bench -- transport            our transport beside NestJS' Redis transport, BullMQ and raw streams; about 4 minutes
npm run bench -- startup              from npm start to all healthy, and the memory of each idle service; about a minute

  --quick                 fewer and shorter rounds, below a minute; tells a trend
  --only <name>,…         only these contenders: angarium, nest-redis, bullmq, raw-streams
  --profile <folder>      writes a CPU profile of each process, to be opened in Chrome's DevTools

A whole run writes its table into docs/benchmarks.md; one with an option only prints it.`;

/** @throws Error naming what is wrong. */
export function parseArguments(argv: readonly string[], names: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options: { quick: flag, only: text, profile: text, help: flag }, allowPositionals: true });
  const [bench, ...rest] = positionals;
  if (rest[0] !== undefined) throw new Error(`"${rest[0]}" is one too many.`);
  if (bench !== undefined && bench !== 'transport' && bench !== 'startup') throw new Error(`There is no bench "${bench}"; there are: transport, startup.`);
  const only = values.only?.split(',');
  const unknown = only?.find((it) => !names.includes(it));
  if (unknown !== undefined) throw new Error(`There is no contender "${unknown}"; there are: ${names.join(', ')}.`);
  return { bench, isQuick: values.quick ?? false, only, profileDir: values.profile, isHelp: values.help ?? false };
}
