import { parseArgs } from 'node:util';
import { Advice } from './advice.js';

export interface Arguments {
  readonly help: boolean;
  /** Replicas by service; services that are not named run once. */
  readonly scale: ReadonlyMap<string, number>;
  /** The services to run; undefined is all. */
  readonly only: readonly string[] | undefined;
  readonly data: string | undefined;
}

const maxReplicas = 32;

export const usage = (names: readonly string[]) => `npm start -- [options]     runs the whole system on this machine

  --scale <service>=<n>   runs n replicas of a service (0 to ${maxReplicas}); may be repeated
  --only <a>,<b>          runs only these services
  --data <folder>         keeps the data there (ANGARIUM_DATA; .data)
  --help                  shows this

services: ${names.join(', ')}

Ports are set by variables: GATEWAY_PORT 3000, MQ_BROKER_PORT 3010, REALTIME_GATEWAY_PORT 3020, EMAIL_WORKER_PORT 3031,
SMS_WORKER_PORT 3032, DEVICE_WORKER_PORT 3033, TASK_WORKER_PORT 3034, POSTGRES_PORT 5433, REDIS_PORT 6380,
INBOX_SMTP_PORT 1025, INBOX_HTTP_PORT 1080; 0 takes a free one.
DATABASE_URL, REDIS_URL and SMTP_URL use a server of yours in place of the one that would be started.
Example: npm start -- --scale email-worker=3`;

/**
 * Reads the command line.
 * @param names the services there are
 * @throws Advice (exit code 2) naming what is wrong and what there is.
 */
export function parseArguments(argv: readonly string[], names: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Arguments {
  const wrong = (message: string) => new Advice(`${message}\n\n${usage(names)}`, 2);
  const check = (name: string, option: string) => {
    if (!names.includes(name)) throw wrong(`There is no service ${JSON.stringify(name)} (in ${option}); there are: ${names.join(', ')}.`);
    return name;
  };
  // npm keeps options that stand before "--" for itself and passes on only what is left of them.
  const swallowed = ['scale', 'only', 'data'].filter((it) => env[`npm_config_${it}`] !== undefined);
  if (swallowed.length > 0) throw wrong(`npm took --${swallowed.join(' and --')} as an option of its own; put "--" before it: npm start -- --${swallowed[0]} …`);

  const { values, positionals } = parse(argv, wrong);
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

function parse(argv: readonly string[], wrong: (message: string) => Advice) {
  const text = { type: 'string' } as const;
  const options = { scale: { ...text, multiple: true }, only: { ...text, multiple: true }, data: text, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] + '.');
  }
}
