import { ConfigErrors } from './errors.js';
import type { Variable } from './variable.js';

type Variables = Readonly<Record<string, Variable<unknown>>>;
type ValueOf<V> = V extends Variable<infer T> ? T : never;
/** The parsed, frozen configuration of a service. */
export type ConfigOf<D> = D extends ConfigDefinition<infer S> ? { readonly [K in keyof S]: ValueOf<S[K]> } : never;

/** A relation between variables; answers with the fault, or nothing. (A method, so that any definition is a `ConfigDefinition`.) */
export type CrossCheck<S extends Variables> = { check(config: { readonly [K in keyof S]: ValueOf<S[K]> }): string | undefined }['check'];

/** All variables of one service. The reference page and `.env.example` are made from it. */
export interface ConfigDefinition<S extends Variables = Variables> {
  readonly service: string;
  readonly variables: S;
  readonly checks: readonly CrossCheck<S>[];
}

/** Declares the configuration of a service; reads nothing yet. */
export function defineConfig<S extends Variables>(service: string, variables: S, checks: readonly CrossCheck<S>[] = []): ConfigDefinition<S> {
  return { service, variables, checks };
}

/**
 * Reads and checks all variables at once.
 * @param env defaults to the process environment; an empty value counts as unset.
 * @throws CONFIG_INVALID naming every faulty variable, its unit, what is expected and never the value of a secret.
 */
export function loadConfig<S extends Variables>(
  definition: ConfigDefinition<S>,
  env: Readonly<Record<string, string | undefined>> = environment(),
): { readonly [K in keyof S]: ValueOf<S[K]> } {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, it] of Object.entries(definition.variables)) {
    const text = env[name] === '' ? undefined : env[name];
    const parsed = it.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(describeFault(name, it, text));
  }
  const config = Object.freeze(values) as { readonly [K in keyof S]: ValueOf<S[K]> };
  if (faults.length === 0) faults.push(...definition.checks.map((check) => check(config)).filter((fault) => fault !== undefined));
  if (faults.length === 0) return config;
  const list = faults.map((fault) => `  - ${fault}`).join('\n');
  throw ConfigErrors.CONFIG_INVALID(
    `The configuration of ${definition.service} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${list}\n` +
      'Set the variables in the environment (all are listed in docs/reference/configuration.md and .env.example) and start again.',
    { details: { faults } },
  );
}

function describeFault(name: string, it: Variable<unknown>, text: string | undefined): string {
  const unit = it.unit === undefined ? '' : ` (${it.unit})`;
  const found = text === undefined ? 'is not set' : it.secret ? 'does not fit' : `is ${JSON.stringify(text.slice(0, 80))}`;
  return `${name}${unit} ${found}; expected ${it.expected}. ${it.description}`;
}

/** The configuration as lines `NAME=value`, secrets hidden, for --print-config. */
export function printConfig<S extends Variables>(definition: ConfigDefinition<S>, config: { readonly [K in keyof S]: ValueOf<S[K]> }): string {
  return Object.entries(definition.variables)
    .map(([name, it]) => {
      const value = config[name as keyof S];
      return `${name}=${value === undefined ? '' : it.secret ? '(hidden)' : String(value)}`;
    })
    .join('\n');
}

function environment(): Readonly<Record<string, string | undefined>> {
  // eslint-disable-next-line no-restricted-syntax -- the one place where the environment is read
  return process.env;
}
