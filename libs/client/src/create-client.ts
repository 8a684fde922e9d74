import type { AnswerOf, BodyInputOf, QueryOf, RouteContract } from '@angarium/contracts';
import type * as api from '@angarium/contracts/broker-api';
import { callRoute, type CallOptions, type CallParts, type Connection } from './call-route.js';
import type { ConsumeOptions, Consumer, Handler } from './consume/consumer.js';
import { PullConsumer } from './consume/pull-consumer.js';
import type { Outcome } from './consume/settler.js';
import { retryOf, type RetryOptions } from './retry.js';
import { routes, type ClientRoute } from './routes.js';

export interface ClientOptions {
  /** Where the broker is: `http://localhost:3010`. */
  readonly url: string;
  /** `ang_…` */
  readonly apiKey: string;
  /** Instead of the global fetch: for proxies, tests. */
  readonly fetch?: typeof fetch;
  /** Limit of one try. Default 15 000. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
}

type Body<C extends RouteContract> = BodyInputOf<C>;
type MessageFields = Omit<Body<typeof api.PublishMessage>, 'topic' | 'payload'>;
type Name<Topics> = keyof Topics & string;

export type PublishOptions = MessageFields & CallOptions;
export type BatchMessage<Topics extends object> = { [T in Name<Topics>]: { readonly topic: T; readonly payload: Topics[T] } & MessageFields }[Name<Topics>];
export interface BatchOptions extends CallOptions {
  /** true (the default): one bad message refuses all. false: a result for each. */
  readonly atomic?: boolean;
}
type When = { readonly delayMs: number } | { readonly at: string | Date } | { readonly cron: string; readonly timeZone?: string };
export type ScheduleOptions = When & PublishOptions;

/**
 * A client of the broker. Calls that do no harm when they are carried out twice are repeated when no answer came; see RetryOptions.
 * Holds no connection of its own: there is nothing to close but consumers.
 * @typeParam Topics what the payload of each topic is: `createClient<{ orders: Order }>(…)`. Left out: anything.
 * @throws AngariumApiError, AngariumConnectionError: every method.
 */
export type AngariumClient<Topics extends object = Record<string, unknown>> = ReturnType<typeof createClient<Topics>>;

export function createClient<Topics extends object = Record<string, unknown>>(options: ClientOptions) {
  const connection: Connection = {
    url: options.url.replace(/\/+$/, ''),
    apiKey: options.apiKey,
    fetch: options.fetch ?? globalThis.fetch,
    timeoutMs: options.timeoutMs ?? 15_000,
    retry: retryOf(options.retry),
  };
  const call = <C extends RouteContract>(route: ClientRoute<C>, parts: CallParts<C>, settings: CallOptions = {}) => callRoute(connection, route, parts, settings);
  const pull = (id: string, { max, waitMs = 0, signal }: Body<typeof api.PullMessages> & CallOptions = {}, attempts?: number) =>
    callRoute(connection, routes.PullMessages, { params: { id }, body: { max, waitMs } }, { signal, extraMs: waitMs, attempts });

  return {
    /** Resolves when the message is durable. Without a message id one is made, so that a repeated call stores it once within the dedupWindowMs of the topic. */
    publish<T extends Name<Topics>>(topic: T, payload: Topics[T], { signal, ...fields }: PublishOptions = {}) {
      return call(routes.PublishMessage, { body: { messageId: crypto.randomUUID(), ...fields, topic, payload } }, { signal });
    },
    /** 1 to 1 000 messages, 5 MiB in all. */
    publishBatch(messages: readonly BatchMessage<Topics>[], { atomic = true, signal }: BatchOptions = {}) {
      return call(routes.PublishBatch, { body: { atomic, messages: messages.map((it) => ({ messageId: crypto.randomUUID(), ...it })) } }, { signal });
    },
    /** Publishes later: after a delay, at a time, or again and again by a cron expression. Never early. */
    schedule<T extends Name<Topics>>(topic: T, payload: Topics[T], { signal, ...rest }: ScheduleOptions) {
      if ('delayMs' in rest) return call(routes.PublishDelayed, { body: { ...rest, topic, payload } }, { signal });
      const when = 'at' in rest ? { at: rest.at instanceof Date ? rest.at.toISOString() : rest.at } : {};
      return call(routes.PublishScheduled, { body: { ...rest, ...when, topic, payload } as Body<typeof api.PublishScheduled> }, { signal });
    },
    schedules: (query: Partial<QueryOf<typeof api.ListSchedules>> = {}, settings?: CallOptions) => call(routes.ListSchedules, { query }, settings),
    getSchedule: (id: string, settings?: CallOptions) => call(routes.GetSchedule, { params: { id } }, settings),
    cancelSchedule: (id: string, settings?: CallOptions) => call(routes.CancelSchedule, { params: { id } }, settings),

    createTopic: (topic: Body<typeof api.CreateTopic>, settings?: CallOptions) => call(routes.CreateTopic, { body: topic }, settings),
    getTopic: (name: string, settings?: CallOptions) => call(routes.GetTopic, { params: { name } }, settings),
    topics: (query: Partial<QueryOf<typeof api.ListTopics>> = {}, settings?: CallOptions) => call(routes.ListTopics, { query }, settings),
    /** @param options.force also with its subscriptions. */
    deleteTopic: (name: string, { force = false, ...settings }: { readonly force?: boolean } & CallOptions = {}) =>
      call(routes.DeleteTopic, { params: { name }, query: { force: force ? 'true' : 'false' } }, settings),

    /** Creates a subscription. The secret that signs webhooks is in this answer only. */
    subscribe: (subscription: Body<typeof api.CreateSubscription>, settings?: CallOptions) => call(routes.CreateSubscription, { body: subscription }, settings),
    getSubscription: (id: string, settings?: CallOptions) => call(routes.GetSubscription, { params: { id } }, settings),
    unsubscribe: (id: string, settings?: CallOptions) => call(routes.DeleteSubscription, { params: { id } }, settings),
    getMessage: (id: string, query: QueryOf<typeof api.GetMessage> = {}, settings?: CallOptions) => call(routes.GetMessage, { params: { id }, query }, settings),

    pull: (id: string, what?: Body<typeof api.PullMessages> & CallOptions) => pull(id, what),
    /** What is in `refused` was too late or never ours; the rest is settled. The same holds for nack and extend. */
    ack: (id: string, receipts: string[], settings?: CallOptions) => call(routes.AckMessages, { params: { id }, body: { receipts } }, settings),
    /** Gives back as failed; without `delayMs` the retry policy of the subscription says when they come again. With `release`: as not begun, at once, and no attempt is counted. */
    nack: (id: string, receipts: string[], { signal, ...how }: Omit<Body<typeof api.NackMessages>, 'receipts'> & CallOptions = {}) =>
      call(routes.NackMessages, { params: { id }, body: { receipts, ...how } }, { signal }),
    extend: (id: string, receipts: string[], settings?: CallOptions) => call(routes.ExtendMessages, { params: { id }, body: { receipts } }, settings),
    /** Pulls, handles and settles until `stop()` is called; waits while the broker is away. Returns at once. */
    consume<T = Topics[Name<Topics>]>(id: string, handler: Handler<T>, how: ConsumeOptions = {}): Consumer {
      const params = { id };
      const once = { attempts: 1 }; // the consumer itself waits and tries again
      const calls = {
        lookUp: () => callRoute(connection, routes.GetSubscription, { params }, once),
        pull: (max: number, waitMs: number, signal: AbortSignal) => pull(id, { max, waitMs, signal }, 1),
        settle: ({ kind, ...fields }: Outcome, receipts: string[]) =>
          callRoute(connection, kind === 'ack' ? routes.AckMessages : routes.NackMessages, { params, body: { receipts, ...fields, ...(kind === 'release' && { release: true }) } }, once),
        extend: (receipts: string[]) => callRoute(connection, routes.ExtendMessages, { params, body: { receipts } }, once),
      };
      return new PullConsumer(calls, handler as Handler, how, connection.retry);
    },

    deadLetters: (id: string, query: Partial<QueryOf<typeof api.ListDeadLetters>> = {}, settings?: CallOptions) => call(routes.ListDeadLetters, { params: { id }, query }, settings),
    /** Delivers again all dead letters, or those that fit. */
    redrive: (id: string, which: Body<typeof api.RedriveDeadLetters> = {}, settings?: CallOptions) => call(routes.RedriveDeadLetters, { params: { id }, body: which }, settings),
    redriveOne: (id: string, deadId: string, settings?: CallOptions) => call(routes.RedriveDeadLetter, { params: { id, deadId } }, settings),
    /** Delivers again, to this subscription only, what was published from an offset or a time on. */
    replay: (id: string, from: Body<typeof api.ReplaySubscription>, settings?: CallOptions) => call(routes.ReplaySubscription, { params: { id }, body: from }, settings),

    /** Any route of the API, by its contract of `@angarium/contracts/broker-api`. A GET and what takes an Idempotency-Key is repeated; the rest only when it was certainly not carried out. */
    call: <C extends RouteContract>(contract: C, parts: CallParts<C>, settings: CallOptions = {}): Promise<AnswerOf<C>> =>
      call<C>({ method: contract.method, path: contract.path, repeatable: contract.method === 'GET' ? 'by-itself' : contract.isIdempotent === true ? 'by-key' : 'never' }, parts, settings),
  };
}
