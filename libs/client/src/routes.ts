import type { RouteContract } from '@angarium/contracts';
import type * as api from '@angarium/contracts/broker-api';

/** What the client knows of a route: where it is, and by its type what goes in and comes out. */
export interface ClientRoute<C extends RouteContract> {
  readonly method: C['method'];
  readonly path: string;
  /**
   * What makes it harmless to send it again when no answer came.
   * `by-itself`: it changes nothing, or comes to the same. `by-message-id`: the broker stores one message of an id.
   * `by-key`: an Idempotency-Key is sent along. `never`: a second answer would be wrong ("no such topic").
   */
  readonly repeatable: 'by-itself' | 'by-message-id' | 'by-key' | 'never';
  /** Never there; carries the type. */
  readonly contract?: C;
}

function route<C extends RouteContract>(method: C['method'], path: string, repeatable: ClientRoute<C>['repeatable']): ClientRoute<C> {
  return { method, path: `/api/v1/mq${path}`, repeatable };
}

/** Types come from the contracts; that method and path are theirs too is tested. */
export const routes = {
  CreateTopic: route<typeof api.CreateTopic>('POST', '/queues', 'by-key'),
  GetTopic: route<typeof api.GetTopic>('GET', '/queues/{name}', 'by-itself'),
  ListTopics: route<typeof api.ListTopics>('GET', '/queues', 'by-itself'),
  DeleteTopic: route<typeof api.DeleteTopic>('DELETE', '/queues/{name}', 'never'),
  PublishMessage: route<typeof api.PublishMessage>('POST', '/publish', 'by-message-id'),
  PublishBatch: route<typeof api.PublishBatch>('POST', '/publish/batch', 'by-message-id'),
  PublishDelayed: route<typeof api.PublishDelayed>('POST', '/publish/delayed', 'by-key'),
  PublishScheduled: route<typeof api.PublishScheduled>('POST', '/publish/scheduled', 'by-key'),
  ListSchedules: route<typeof api.ListSchedules>('GET', '/schedules', 'by-itself'),
  GetSchedule: route<typeof api.GetSchedule>('GET', '/schedules/{id}', 'by-itself'),
  CancelSchedule: route<typeof api.CancelSchedule>('DELETE', '/schedules/{id}', 'never'),
  GetMessage: route<typeof api.GetMessage>('GET', '/messages/{id}', 'by-itself'),
  CreateSubscription: route<typeof api.CreateSubscription>('POST', '/subscriptions', 'by-key'),
  GetSubscription: route<typeof api.GetSubscription>('GET', '/subscriptions/{id}', 'by-itself'),
  DeleteSubscription: route<typeof api.DeleteSubscription>('DELETE', '/subscriptions/{id}', 'never'),
  PullMessages: route<typeof api.PullMessages>('POST', '/subscriptions/{id}/pull', 'by-itself'),
  AckMessages: route<typeof api.AckMessages>('POST', '/subscriptions/{id}/ack', 'by-itself'),
  NackMessages: route<typeof api.NackMessages>('POST', '/subscriptions/{id}/nack', 'by-itself'),
  ExtendMessages: route<typeof api.ExtendMessages>('POST', '/subscriptions/{id}/extend', 'by-itself'),
  ListDeadLetters: route<typeof api.ListDeadLetters>('GET', '/subscriptions/{id}/dead-letters', 'by-itself'),
  RedriveDeadLetter: route<typeof api.RedriveDeadLetter>('POST', '/subscriptions/{id}/dead-letters/{deadId}/redrive', 'never'),
  RedriveDeadLetters: route<typeof api.RedriveDeadLetters>('POST', '/subscriptions/{id}/dead-letters/redrive', 'by-key'),
  ReplaySubscription: route<typeof api.ReplaySubscription>('POST', '/subscriptions/{id}/replay', 'by-key'),
} as const;
