import { isPoison, type Sent, type TopicKind } from './message-book.js';

/** A subscription of the run and what is expected of it. */
export interface SubscriptionPlan {
  /** Its group; for webhooks also the path at the receiver. */
  readonly name: string;
  readonly topic: TopicKind;
  readonly destination: 'webhook' | 'pull';
  /** Settings beyond those that all have. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly isOrdered: boolean;
  /** Which messages of the topic it is to get. */
  readonly takes: (sent: Sent) => boolean;
  /** Which messages its receiver never takes, so that they become dead letters. */
  readonly refuses: (n: number) => boolean;
}

const none = () => false;
const all = () => true;
const retry = (delayMs: number) => ({ kind: 'list', delaysMs: [delayMs], jitterPercent: 20 });
/** What faults cost in attempts must not use them up. */
const patient = { maxAttempts: 100, retry: retry(200) };
const plan = (name: string, topic: TopicKind, destination: 'webhook' | 'pull', more: Partial<SubscriptionPlan> = {}): SubscriptionPlan => ({
  ...{ name, topic, destination, settings: {}, isOrdered: false, takes: all, refuses: none },
  ...more,
});

export const subscriptionPlans: readonly SubscriptionPlan[] = [
  plan('plain', 'commit', 'webhook'),
  plan('ordered', 'commit', 'webhook', { isOrdered: true, settings: { isOrdered: true } }),
  plan('filtered', 'commit', 'webhook', { settings: { filter: { 'payload.region': 'eu' } }, takes: ({ region }) => region === 'eu' }),
  plan('poisoned', 'commit', 'webhook', { settings: { maxAttempts: 8, retry: retry(50) }, refuses: isPoison }),
  plan('pulled', 'commit', 'pull', { settings: { ackTimeoutMs: 2_000 } }),
  plan('stream-plain', 'stream', 'webhook'),
  plan('stream-pulled', 'stream', 'pull', { settings: { ackTimeoutMs: 2_000 } }),
];

/** The body that creates it. */
export function subscriptionBody({ name, topic, destination, settings }: SubscriptionPlan, sinkUrl: string): object {
  return { topic, group: name, destination: destination === 'pull' ? { type: 'pull' } : { type: 'webhook', url: `${sinkUrl}/${name}` }, ...patient, ...settings };
}
