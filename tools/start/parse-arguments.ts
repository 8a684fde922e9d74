import { parseArgs } from 'node:util';
import { Advice } from './advice.js';
import type { Env } from './read-port.js';
import type { Service } from './services.js';

export interface Arguments {
  readonly help: boolean;
  /** Replicas by service; services that are not named run once. */
  readonly scale: ReadonlyMap<string, number>;
  /** The services to run; undefined is all. */
  readonly only: readonly string[] | undefined;
  readonly data: string | undefined;
}

const maxReplicas = 32;

export const usage = (services: readonly Service[]) => `npm start                   runs the whole system on this machine
npm start -- [options]

  --scale <service>=<n>     runs n replicas of a service (0 to ${maxReplicas}); may be repeated: --scale email-worker=3
  --only <service>,…        runs only these services
  --data <folder>           keeps the data there (default: ANGARIUM_DATA, else .data)
  --help                    shows this

Services, and the variables that set their ports (0 takes a free one):

${services.map((it) => `  ${it.name.padEnd(25)} ${it.portVariable}=${it.defaultPort}`).join('\n')}

Likewise POSTGRES_PORT=5433, REDIS_PORT=6380, INBOX_SMTP_PORT=1025, INBOX_HTTP_PORT=1080.
With DATABASE_URL, REDIS_URL or SMTP_URL a server of yours is used in place of the one that would be started.
Every other variable reaches the services as it is.`;

/**
 * Reads the command line.
 * @throws Advice (exit code 2) naming what is wrong and what there is.
 */
export function parseArguments(argv: readonly string[], services: readonly Service[], env: Env = {}): Arguments {
  const names = services.map((it) => it.name);
  const check = (name: string, option: string) => {
    if (!names.includes(name)) throw wrong(`There is no service ${JSON.stringify(name)} (in ${option}); there are: ${names.join(', ')}.`);
    return name;
  };
  // npm keeps options that stand before "--" for itself and passes on only what is left of them.
  const swallowed = ['scale', 'only', 'data', 'help'].filter((it) => env[`npm_config_${it}`] !== undefined);
  if (swallowed.length > 0) throw wrong(`npm took --${swallowed.join(' and --')} for an option of its own; put "--" before it: npm start -- --${swallowed[0]} …`);

  const { values, positionals } = parse(argv);
  if (positionals[0] !== undefined) throw wrong(`${JSON.stringify(positionals[0])} is not an option.`);
  const scale = new Map<string, number>();
  for (const text of (values.scale ?? []).flatMap((it) => it.split(','))) {
    const [, name, count] = /^([^=]+)=(\d{1,3})$/.exec(text) ?? [];
    if (name === undefined || Number(count) > maxReplicas) throw wrong(`--scale ${text}: expected <service>=<0 to ${maxReplicas}>.`);
    scale.set(check(name, '--scale'), Number(count));
  }
  const only = values.only?.flatMap((it) => it.split(',')).map((it) => check(it.trim(), '--only'));
  return { help: values.help === true, scale, only, data: values.data };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { scale: { ...text, multiple: true }, only: { ...text, multiple: true }, data: text, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] + '.');
  }
}

const wrong = (message: string) => new Advice(`${message}\nSee: npm start -- --help`, 2);
