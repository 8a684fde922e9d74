import { parseArgs } from 'node:util';
import { scopes, type Scope } from '@angarium/auth';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'create'; readonly tenant: string; readonly name: string; readonly scopes: readonly Scope[]; readonly expiresInMs: number | undefined }
  | { readonly kind: 'list'; readonly tenant: string | undefined }
  | { readonly kind: 'revoke' | 'revoke-service-token'; readonly id: string }
  | { readonly kind: 'service-token'; readonly service: string; readonly permissions: readonly string[]; readonly expiresInMs: number | undefined }
  | { readonly kind: 'service-tokens'; readonly service: string | undefined };

/** A command line that does not fit; its message says what would. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

export const usage = `usage: npm run keys -- <command>

API keys of tenants (authorization: Bearer ang_…)
  create --tenant dev --name my-app --scopes publish,consume,admin [--expires-in-days 90]
                                  makes a key, and the tenant where there is none of that name
  list [--tenant dev]             all keys, without their secrets
  revoke <id>                     ends a key

Tokens of services (x-service-token: angs_…), two valid ones each at most
  service-token --service user-service --may user-events,audit-logs [--expires-in-days 90]
                                  makes a token; --may '*' is everything
  service-tokens [--service user-service]
  revoke-service-token <id>

A key or token is printed once, alone on standard output; only its hash is stored. The database is that of DATABASE_URL,
else that of the npm start that runs with its data in ANGARIUM_DATA (.data).`;

/** The options of each command; all of them take a value. */
const optionsOf = {
  create: ['tenant', 'name', 'scopes', 'expires-in-days'],
  list: ['tenant'],
  revoke: [],
  'service-token': ['service', 'may', 'expires-in-days'],
  'service-tokens': ['service'],
  'revoke-service-token': [],
} as const;

const nameForm = /^[A-Za-z0-9][\w.@-]{0,99}$/;
const permissionForm = /^(?!.{101})(\*|[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*)$/;
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const dayMs = 86_400_000;
const maxDays = 3_650;

/**
 * Reads the command line.
 * @throws WrongUsage naming what is missing or does not fit.
 */
export function parseCommand(argv: readonly string[]): Command {
  const [kind, ...rest] = argv;
  if (kind === undefined) throw new WrongUsage('Say what to do.');
  if (kind === '--help' || kind === '-h' || rest.includes('--help')) return { kind: 'help' };
  if (!Object.hasOwn(optionsOf, kind)) throw new WrongUsage(`There is no command ${kind}.`);
  const command = kind as keyof typeof optionsOf;
  const { values, positionals } = parse(command, rest);
  const isRevoking = command === 'revoke' || command === 'revoke-service-token';
  if (!isRevoking && positionals[0] !== undefined) throw new WrongUsage(`${command} does not take ${JSON.stringify(positionals[0])}.`);
  switch (command) {
    case 'create':
      return { kind: command, tenant: nameIn(values, 'tenant'), name: nameIn(values, 'name'), scopes: scopesIn(values), expiresInMs: expiryIn(values) };
    case 'list':
      return { kind: command, tenant: values['tenant'] };
    case 'service-token':
      return { kind: command, service: nameIn(values, 'service'), permissions: permissionsIn(values), expiresInMs: expiryIn(values) };
    case 'service-tokens':
      return { kind: command, service: values['service'] };
    case 'revoke':
    case 'revoke-service-token':
      return { kind: command, id: idIn(positionals, command) };
  }
}

type Values = Readonly<Record<string, string | undefined>>;

function parse(command: keyof typeof optionsOf, args: readonly string[]): { values: Values; positionals: readonly string[] } {
  const options: Record<string, { type: 'string' }> = Object.fromEntries(optionsOf[command].map((it) => [it, { type: 'string' }]));
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
    return { values, positionals };
  } catch (error) {
    throw new WrongUsage(`${command}: ${(error as Error).message.split('. ')[0]}.`);
  }
}

function required(values: Values, option: string): string {
  const value = values[option];
  if (value === undefined || value === '') throw new WrongUsage(`--${option} is missing.`);
  return value;
}

function nameIn(values: Values, option: string): string {
  const name = required(values, option);
  if (!nameForm.test(name)) throw new WrongUsage(`--${option} ${JSON.stringify(name)}: use letters, digits and . _ - @ (at most 100, beginning with a letter or digit).`);
  return name;
}

function scopesIn(values: Values): Scope[] {
  const given = required(values, 'scopes').split(',');
  const wrong = given.find((it) => !(scopes as readonly string[]).includes(it));
  if (wrong !== undefined) throw new WrongUsage(`--scopes: there is no scope ${JSON.stringify(wrong)}; there are ${scopes.join(', ')}.`);
  // what is in its topics, this system says itself
  if (values['tenant'] === 'system' && given.includes('publish')) throw new WrongUsage('Keys of the tenant system are for operators and may have the scopes admin and consume, not publish.');
  return scopes.filter((it) => given.includes(it));
}

function permissionsIn(values: Values): string[] {
  const given = required(values, 'may').split(',');
  const wrong = given.find((it) => !permissionForm.test(it));
  if (wrong !== undefined) throw new WrongUsage(`--may: ${JSON.stringify(wrong)} is no permission; expected names such as user-events,files.read, or *.`);
  return [...new Set(given)];
}

function expiryIn(values: Values): number | undefined {
  const days = values['expires-in-days'];
  if (days === undefined) return undefined;
  if (!/^\d{1,4}$/.test(days) || Number(days) < 1 || Number(days) > maxDays) throw new WrongUsage(`--expires-in-days ${days}: expected a whole number from 1 to ${maxDays}.`);
  return Number(days) * dayMs;
}

function idIn([id, another]: readonly string[], command: string): string {
  if (id === undefined || another !== undefined || !idForm.test(id)) throw new WrongUsage(`${command} needs one id, as the list shows it.`);
  return id;
}
