import type { ErrorDefinition, ErrorFactory } from '@angarium/errors';
import type { LoadedModule } from './load-modules.js';

/** An error code. Several parts of the system may state one, each in its own words, but never with another meaning. */
export interface DocumentedError {
  readonly code: string;
  readonly status: number;
  readonly blame: string;
  readonly retry: string;
  readonly statements: readonly { readonly by: string; readonly summary: string; readonly cure: string }[];
}

export interface ErrorGroup {
  /** Project that declares them, `libs/transport` or `apps/gateway`. */
  readonly project: string;
  readonly errors: readonly DocumentedError[];
}

/**
 * Every code once, under the first project that declares it.
 * @param modules the files that declare catalogues.
 * @throws Error when a file has no catalogue, or when a code has another status, blame or verdict elsewhere: a caller could not act on it.
 */
export function collectErrors(modules: readonly { readonly path: string; readonly module: LoadedModule }[]): ErrorGroup[] {
  const known = new Map<string, { project: string; error: DocumentedError }>();
  for (const { path, module } of modules) {
    const project = path.split('/').slice(0, 2).join('/');
    const definitions = Object.values(module).flatMap(definitionsOf);
    if (definitions.length === 0) throw new Error(`${path} exports no error catalogue. Export what defineErrors() answers with.`);
    for (const [code, definition] of definitions) known.set(code, merge(known.get(code), project, code, definition));
  }
  const groups = new Map<string, DocumentedError[]>();
  for (const { project, error } of known.values()) groups.set(project, [...(groups.get(project) ?? []), error]);
  return [...groups].map(([project, errors]) => ({ project, errors }));
}

function merge(
  before: { project: string; error: DocumentedError } | undefined,
  project: string,
  code: string,
  { status, blame, retry, summary, cure }: ErrorDefinition,
): { project: string; error: DocumentedError } {
  const verdict = typeof retry === 'object' ? `after ${retry.afterMs} ms` : retry;
  const statement = { by: project, summary, cure };
  if (before === undefined) return { project, error: { code, status, blame, retry: verdict, statements: [statement] } };
  const { error } = before;
  if (error.status !== status || error.blame !== blame || error.retry !== verdict) {
    const show = (...meaning: unknown[]) => meaning.join(', ');
    throw new Error(
      `${code} is (${show(error.status, error.blame, error.retry)}) in ${before.project} and (${show(status, blame, verdict)}) in ${project}. Make them the same, or rename one.`,
    );
  }
  // whoever uses the catalogue of a library as a part of its own says nothing new
  if (error.statements.some((it) => it.summary === summary && it.cure === cure)) return before;
  return { project: before.project, error: { ...error, statements: [...error.statements, statement] } };
}

function definitionsOf(exported: unknown): [code: string, definition: ErrorDefinition][] {
  if (typeof exported !== 'object' || exported === null) return [];
  const factories = Object.entries(exported);
  return factories.every(isFactory) ? factories.map(([code, { definition }]) => [code, definition]) : [];
}

function isFactory(entry: [string, unknown]): entry is [string, ErrorFactory] {
  const [, it] = entry;
  return typeof it === 'function' && 'definition' in it && 'code' in it;
}
