import type { RouteContract } from '../route.js';
import * as files from './files.routes.js';
import * as templates from './templates.routes.js';

/** A module of routes also exports the schemas that its routes share. */
function isRoute(exported: unknown): exported is RouteContract {
  return typeof exported === 'object' && exported !== null && 'method' in exported && 'path' in exported && 'access' in exported;
}

/** What each group of routes is about, in the order in which a newcomer reads them. */
export const gatewayTags: Readonly<Record<string, string>> = {
  Queues: 'The job queues: what waits, what failed, and what to do about it. For operators.',
  Templates: 'Texts of mails with places for variables, in several locales and versions. Mails name them.',
  Files: 'Files that mails attach by their id. Kept for a while, then removed.',
};

const modules: readonly object[] = [templates, files];
const order = Object.keys(gatewayTags);

/** Every route of the gateway: by group, then by path and method. A file of routes that is not listed above is not served or documented. */
export const gatewayRoutes: readonly RouteContract[] = modules
  .flatMap((module) => Object.values<unknown>(module as Record<string, unknown>).filter(isRoute))
  .sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag) || compare(a.path, b.path) || compare(a.method, b.method));

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
