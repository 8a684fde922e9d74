import type { RouteContract } from '@angarium/contracts';
import type { LoadedModule } from './load-modules.js';
import { code, generatedNote, page, plain, table } from './markdown.js';

interface Document {
  readonly info: { readonly title: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  /** Answers that several routes have, which the routes themselves do not name. */
  readonly components?: { readonly responses?: Readonly<Record<string, { readonly description: string }>> };
}

/**
 * docs/reference/<app>.openapi.json and <app>-api.md of an app's open-api-document.ts, by path below the workspace.
 * @throws Error when the file does not export what it has to.
 */
export function apiFiles(path: string, module: LoadedModule): Map<string, string> {
  const { openApiDocument, routes } = module;
  if (typeof openApiDocument !== 'function' || !Array.isArray(routes)) throw new Error(`${path} has to export the function openApiDocument and the list routes.`);
  const document = (openApiDocument as () => Document)();
  const app = path.split('/')[1] ?? '';
  return new Map([
    [`docs/reference/${app}.openapi.json`, `${JSON.stringify(document, undefined, 2)}\n`],
    [`docs/reference/${app}-api.md`, apiPage(document, routes as RouteContract[], `${app}.openapi.json`)],
  ]);
}

/** One table of routes a group. @param file the OpenAPI document, as seen from the page. */
export function apiPage(document: Document, routes: readonly RouteContract[], file: string): string {
  const sections = document.tags.flatMap(({ name, description = '' }) => {
    const rows = routes.filter(({ tag }) => tag === name).map(row);
    return [`## ${name}`, ...(description === '' ? [] : [plain(description)]), table(['method', 'path', 'what', 'scope', 'answers', 'errors'], rows)];
  });
  const common = Object.values(document.components?.responses ?? {}).flatMap(({ description }) => [...description.matchAll(/^`([A-Z_]+)`: /gm)].map(([, it = '']) => it));
  const intro =
    `Every route, from its contract. Bodies, parameters and answers in full: [${file}](${file}) (OpenAPI 3.1), which the service serves too. Beside the errors named here a route may answer, ` +
    `as far as it takes input and a credential, with ${[...new Set(common)].sort().map(code).join(', ')}; [errors.md](errors.md) says what each means and what to do.`;
  const marks =
    '**scope**: what the API key needs; *any*: any key of the tenant; *operator*: a key of the system\'s own tenant with the scope `admin`, or GATEWAY_TOKEN; *open*: none; *service*: a token of a service, with this permission. ' +
    '**answers**: the status when all goes well; with ↻ the call may carry an `Idempotency-Key`.';
  return page(generatedNote, `# ${document.info.title}: routes`, intro, marks, ...sections);
}

function row({ method, path, summary, access, status, isIdempotent, errors }: RouteContract): string[] {
  return [method, code(path), plain(summary), scopeOf(access), `${status}${isIdempotent === true ? ' ↻' : ''}`, errors.map(code).join(' ')];
}

function scopeOf(access: RouteContract['access']): string {
  switch (access.kind) {
    case 'scope':
      return code(access.scope);
    case 'operator':
      return '*operator*';
    case 'any-scope':
      return '*any*';
    case 'open':
      return '*open*';
    case 'service':
      return `*service* ${code(access.permission)}`;
  }
}
