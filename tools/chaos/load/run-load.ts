import { startSink, type BrokerGround, type Sink } from '@angarium/testing';
import type { RecoveryWatch } from '../judge/recovery-watch.js';
import type { Replicas } from '../system/replicas.js';
import { CallWatch } from './call-watch.js';
import { MessageBook } from './message-book.js';
import { PublishLoad } from './publish-load.js';
import { PullLoad } from './pull-load.js';
import { receiverMoods } from './receiver-moods.js';
import { subscriptionBody, subscriptionPlans } from './subscriptions.js';

const PARTITION_COUNT = 2;
const PULL_CONSUMER_COUNT = 2;
/** Its arrivals tell when deliveries go on. */
const WATCHED_PATH = '/plain';

/** Publishers, consumers, and a receiver of webhooks, and what they saw. */
export interface Load {
  readonly book: MessageBook;
  readonly calls: CallWatch;
  readonly refusals: readonly string[];
  /** Delayed messages that came before their time. */
  readonly early: readonly number[];
  /** By subscription, in order of arrival, repeats included. */
  readonly arrived: (name: string) => readonly number[];
  arrivalCount(): number;
  /** How often each subscription was given what it had before, since this was asked last; in words, empty where none was. */
  newRepeats(): string;
  /** No further message is published; consumers go on. Resolves when all requests are over. Idempotent. */
  stopPublishing(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Creates topics and subscriptions and starts the load. The replicas must be ready. */
export async function startLoad(ground: BrokerGround, replicas: Replicas, recovery: RecoveryWatch): Promise<Load> {
  const [book, calls, sink] = [new MessageBook(), new CallWatch(replicas, ground.apiKey), await startSink()];
  sink.answer(receiverMoods(subscriptionPlans));
  const early = watchArrivals(sink, book, recovery);
  for (const durability of ['commit', 'stream']) await create(calls, '/queues', { name: durability, durability, partitionCount: PARTITION_COUNT });
  const pulled = new Map<string, number[]>();
  const pullers: PullLoad[] = [];
  for (const plan of subscriptionPlans) {
    const { id } = await create(calls, '/subscriptions', subscriptionBody(plan, sink.url));
    if (plan.destination !== 'pull') continue;
    const handled: number[] = [];
    pulled.set(plan.name, handled);
    pullers.push(new PullLoad(calls, id, (n) => handled.push(n)));
  }
  const publishers = new PublishLoad(calls, book);
  for (const it of pullers) it.start(PULL_CONSUMER_COUNT);
  publishers.start();
  const arrived = (name: string) => pulled.get(name) ?? sink.at(`/${name}`);
  return {
    ...{ book, calls, refusals: publishers.refusals, early, arrived },
    arrivalCount: () => subscriptionPlans.reduce((sum, { name }) => sum + arrived(name).length, 0),
    newRepeats: repeatCounter(arrived),
    stopPublishing: () => publishers.stop(),
    async stop() {
      await Promise.all([publishers.stop(), ...pullers.map((it) => it.stop())]);
      await sink.stop();
    },
  };
}

function repeatCounter(arrived: Load['arrived']): () => string {
  const told = new Map<string, number>();
  return () => {
    const parts = subscriptionPlans.flatMap(({ name }) => {
      const count = arrived(name).length - new Set(arrived(name)).size;
      const more = count - (told.get(name) ?? 0);
      told.set(name, count);
      return more === 0 ? [] : [`${name} ${more}`];
    });
    return parts.join(', ');
  };
}

function watchArrivals(sink: Sink, book: MessageBook, recovery: RecoveryWatch): readonly number[] {
  const early: number[] = [];
  sink.onArrival((path, n) => {
    const sent = book.get(n);
    if (sent === undefined) return; // told by the judge
    if (path === WATCHED_PATH && sent.dueAtMs === undefined) recovery.arrived(sent.sentAtMs);
    if (sent.dueAtMs !== undefined && Date.now() < sent.dueAtMs) early.push(n);
  });
  return early;
}

async function create(calls: CallWatch, path: string, body: object): Promise<{ readonly id: string }> {
  const answer = await calls.post(path, body, { nth: 0 });
  if (answer?.status !== 201) throw new Error(`POST ${path} was answered with ${answer?.status ?? 'nothing'}: ${answer?.text ?? ''}`);
  return JSON.parse(answer.text) as { readonly id: string };
}
