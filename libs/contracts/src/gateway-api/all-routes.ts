import type { RouteContract } from '../route.js';
import * as queueTests from './queue-tests.routes.js';
import * as queues from './queues.routes.js';
import * as reference from './reference.routes.js';
import * as receipts from './receipts.routes.js';
import * as sms from './sms.routes.js';
import * as verification from './verification.routes.js';
import * as files from './files.routes.js';
import * as templates from './templates.routes.js';
import * as emails from './emails.routes.js';
import * as senders from './senders.routes.js';
import * as suppressions from './suppressions.routes.js';
import * as unsubscribe from './unsubscribe.routes.js';

/** A module of routes also exports the schemas that its routes share. */
function isRoute(exported: unknown): exported is RouteContract {
  return typeof exported === 'object' && exported !== null && 'method' in exported && 'path' in exported && 'access' in exported;
}

/** What each group of routes is about, in the order in which a newcomer reads them. */
export const gatewayTags: Readonly<Record<string, string>> = {
  Queues: 'The job queues: what waits, what failed, and what to do about it. For operators.',
  Verifications: 'Codes by SMS: send one, check it.',
  SMS: 'Texts of SMS as each provider wants them, and why an SMS would not go out.',
  Receipts: 'Where providers tell what became of what they were given.',
  Templates: 'Texts of mails with places for variables, in several locales and versions. Mails name them.',
  Files: 'Files that mails attach by their id. Kept for a while, then removed.',
  Mails: 'Mails that wait.',
  Senders: 'Mail servers of your own, and what is sent through them.',
  Suppressions: 'Who gets no mail, and what came back.',
  Unsubscribe: 'What the unsubscribe link of a mail leads to.',
  Reference: 'The description of this API.',
};

const modules: readonly object[] = [queues, queueTests, verification, sms, receipts, templates, files, emails, senders, suppressions, unsubscribe, reference];
const order = Object.keys(gatewayTags);

/** Every route of the gateway: by group, then by path and method. A file of routes that is not listed above is not served or documented. */
export const gatewayRoutes: readonly RouteContract[] = modules
  .flatMap((module) => Object.values<unknown>(module as Record<string, unknown>).filter(isRoute))
  .sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag) || compare(a.path, b.path) || compare(a.method, b.method));

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
