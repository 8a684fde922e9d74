import type { RouteContract } from '../route.js';
import * as audit from './audit.routes.js';
import * as consuming from './consuming.routes.js';
import * as deadLetters from './dead-letters.routes.js';
import * as internal from './internal.routes.js';
import * as messages from './messages.routes.js';
import * as reference from './reference.routes.js';
import * as subscriptions from './subscriptions.routes.js';
import * as topics from './topics.routes.js';
import * as watch from './watch.routes.js';

/** A module of routes also exports the schemas that its routes share. */
function isRoute(exported: unknown): exported is RouteContract {
  return typeof exported === 'object' && exported !== null && 'method' in exported && 'path' in exported && 'access' in exported;
}

/** What each group of routes is about, in the order in which a newcomer reads them. */
export const brokerTags: Readonly<Record<string, string>> = {
  Topics: 'Topics (queues): where messages are published to, with their limits, schema and retention.',
  Publishing: 'Publishing messages now. What is answered with 201 is durable.',
  Scheduling: 'Publishing messages later, once or again and again.',
  Subscriptions: 'Subscriptions: who gets the messages of a topic, and how.',
  Consuming: 'Taking messages of a pull subscription and settling them.',
  'Dead letters': 'Deliveries that were given up: look at them, redrive or discard them.',
  Messages: 'What became of a message.',
  Watching: 'Figures, health and status.',
  Audit: 'Who changed what.',
  Internal: 'For the other services of this system, by their tokens.',
  Reference: 'The description of this API.',
};

const order = Object.keys(brokerTags);

/** Every route of the broker: by group, then by path and method. A file of routes that is not imported above is not served, documented or offered to the SDK. */
export const brokerRoutes: readonly RouteContract[] = [topics, messages, subscriptions, consuming, deadLetters, watch, audit, internal, reference]
  .flatMap((module) => Object.values<unknown>(module).filter(isRoute))
  .sort((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag) || compare(a.path, b.path) || compare(a.method, b.method));

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
