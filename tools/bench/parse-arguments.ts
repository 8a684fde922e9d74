import { parseArgs } from 'node:util';

export const benches = ['transport', 'broker', 'queues', 'startup'] as const;
export type Bench = (typeof benches)[number];

export interface Arguments {
  readonly bench: Bench | undefined;
  readonly isQuick: boolean;
  /** Contenders or workloads to leave in; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** Folder for CPU profiles of the transport's processes, or of the broker. */
  readonly profileDir: string | undefined;
  readonly isHelp: boolean;
}

export const usage = `npm run bench -- transport            our transport beside NestJS' Redis transport, BullMQ and raw streams; about 4 minutes
npm run bench -- broker               the broker over HTTP beside BullMQ, pg-boss, raw XADD and a bare Fastify; about 10 minutes
npm run bench -- queues               the email worker beside plain BullMQ and nodemailer: mails, critical jobs, memory; about 7 minutes
npm run bench -- startup              from npm start to all healthy, and the memory of each idle service; about a minute

  --quick                 fewer and shorter rounds, below a minute (broker: two, queues: one); tells a trend
  --only <name>,…         transport: angarium, nest-redis, bullmq, raw-streams
                          broker: publish, batch, null, null-batch, bullmq, pg-boss, raw-xadd, webhook, pull, backlog
  --profile <folder>      writes a CPU profile of each process (broker, queues: of the service), to be opened in Chrome's DevTools

A whole run writes its table into docs/benchmarks.md; one with an option only prints it.`;

/**
 * @param names what --only may name, by bench.
 * @throws Error naming what is wrong.
 */
export function parseArguments(argv: readonly string[], names: Readonly<Record<Bench, readonly string[]>>): Arguments {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options: { quick: flag, only: text, profile: text, help: flag }, allowPositionals: true });
  const [bench, ...rest] = positionals;
  if (rest[0] !== undefined) throw new Error(`"${rest[0]}" is one too many.`);
  if (bench !== undefined && !isBench(bench)) throw new Error(`There is no bench "${bench}"; there are: ${benches.join(', ')}.`);
  const only = values.only?.split(',');
  const known = bench === undefined ? [] : names[bench];
  const unknown = only?.find((it) => !known.includes(it));
  if (unknown !== undefined) throw new Error(`There is no "${unknown}" to choose; there are: ${known.join(', ') || 'none'}.`);
  return { bench, isQuick: values.quick ?? false, only, profileDir: values.profile, isHelp: values.help ?? false };
}

const isBench = (text: string): text is Bench => (benches as readonly string[]).includes(text);
