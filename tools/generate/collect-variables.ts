import { hostname } from 'node:os';
import * as config from '@angarium/config';
import type { ConfigDefinition, Variable } from '@angarium/config';
import type { LoadedModule } from './load-modules.js';

/** A variable of the environment, with the services that read it. */
export interface DocumentedVariable {
  readonly name: string;
  readonly description: string;
  readonly unit: string | undefined;
  readonly expected: string;
  /** Without it the service does not start. */
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  /** As it would stand in `.env`; undefined: there is none. */
  readonly defaultText: string | undefined;
  /** What is taken where the default differs from process to process; undefined where `defaultText` says it. */
  readonly defaultRule: string | undefined;
  readonly services: readonly string[];
}

export interface VariableGroup {
  readonly title: string;
  readonly variables: readonly DocumentedVariable[];
}

/** Titles of the groups that @angarium/config exports; one that is not named here is called as its export. */
const titles: Readonly<Record<string, string>> = {
  serviceVariables: 'Every service',
  redisVariables: 'Redis',
  transportVariables: 'Handling events and requests',
  databaseVariables: 'PostgreSQL',
  queueVariables: 'Job queues',
};

/**
 * All variables of all services: the shared groups first, then what only one service has.
 * @param modules the config.ts of each app.
 * @throws Error when a config.ts declares no configuration, or when one name means different things in two services.
 */
export function collectVariables(modules: readonly { readonly path: string; readonly module: LoadedModule }[]): VariableGroup[] {
  const known = new Map<string, { variable: Variable<unknown>; services: string[] }>();
  for (const { path, module } of modules) {
    const definitions = Object.values(module).filter(isDefinition);
    if (definitions.length === 0) throw new Error(`${path} exports no configuration. Export what defineConfig() answers with.`);
    for (const { service, variables } of definitions) for (const [name, variable] of Object.entries(variables)) note(known, name, variable, service);
  }
  const documented = new Map([...known].map(([name, { variable, services }]) => [name, document(name, variable, services)]));
  const groups = sharedGroups().map(({ title, names }) => ({ title, variables: take(documented, names) }));
  const services = [...new Set([...documented.values()].flatMap((it) => it.services))];
  const own = services.map((service) => ({
    title: service,
    variables: take(documented, [...documented.values()].filter((it) => it.services[0] === service).map(({ name }) => name)),
  }));
  return [...groups, ...own].filter(({ variables }) => variables.length > 0);
}

function note(known: Map<string, { variable: Variable<unknown>; services: string[] }>, name: string, variable: Variable<unknown>, service: string): void {
  const before = known.get(name);
  if (before === undefined) {
    known.set(name, { variable, services: [service] });
    return;
  }
  const meaning = ({ description, unit, expected, defaultText, secret }: Variable<unknown>) => JSON.stringify([description, unit, expected, defaultText, secret]);
  if (meaning(before.variable) !== meaning(variable)) {
    throw new Error(`${name} means one thing in ${before.services.join(', ')} and another in ${service}. Declare it once, in @angarium/config, or rename one.`);
  }
  before.services.push(service);
}

function document(name: string, variable: Variable<unknown>, services: readonly string[]): DocumentedVariable {
  const { description, unit, expected, secret, defaultText, schema } = variable;
  const isOfThisProcess = defaultText === `${hostname()}-${process.pid}`;
  return {
    ...{ name, description, unit, expected, isSecret: secret, services: [...services].sort() },
    isRequired: !schema.safeParse(undefined).success,
    defaultText: isOfThisProcess ? undefined : defaultText,
    defaultRule: isOfThisProcess ? 'host name and process id' : undefined,
  };
}

function sharedGroups(): { title: string; names: string[] }[] {
  const groups = Object.entries(config).filter(([name]) => name.endsWith('Variables'));
  const order = Object.keys(titles);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return groups.sort(([a], [b]) => place(a) - place(b)).map(([name, group]) => ({ title: titles[name] ?? name, names: Object.keys(group) }));
}

/** Takes them out, so that each stands in one group. */
function take(documented: Map<string, DocumentedVariable>, names: readonly string[]): DocumentedVariable[] {
  return names.flatMap((name) => {
    const it = documented.get(name);
    documented.delete(name);
    return it === undefined ? [] : [it];
  });
}

function isDefinition(value: unknown): value is ConfigDefinition {
  return typeof value === 'object' && value !== null && 'service' in value && 'variables' in value && 'checks' in value;
}
