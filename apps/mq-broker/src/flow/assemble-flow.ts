import { createAddresses } from '@angarium/contracts';
import type { Sql } from '@angarium/database';
import { createEgress } from '@angarium/egress';
import type { Logger } from '@angarium/observability';
import type { QueueService } from '@angarium/queues';
import { closeRedis, connectRedis } from '@angarium/redis';
import type { Sealer } from '@angarium/secrets';
import type { MessageBus } from '@angarium/transport';
import type { CatalogSignals } from '../catalog/catalog-signals.js';
import { SubscriptionCache } from '../catalog/subscriptions/subscription-cache.js';
import { isPush, type Subscription } from '../catalog/subscriptions/subscription.js';
import type { BrokerMeter } from '../watch/metrics/broker-meter.js';
import { TopicCache } from '../catalog/topics/topic-cache.js';
import type { MqBrokerConfig } from '../config.js';
import { AcceptMessage } from './accept/accept-message.js';
import { PublishMessages } from './accept/publish-messages.js';
import { QueueLengths } from './accept/queue-lengths.js';
import { PublishRate } from './accept/rate/publish-rate.js';
import { messageOf } from './broker-message.js';
import { CommitLane } from './commit/commit-lane.js';
import type { Committed } from './commit/new-message.js';
import { AppendAtOnce } from './drain/append-at-once.js';
import { DrainLane } from './drain/drain-lane.js';
import { Epoch } from './drain/epoch.js';
import { SweepUndrained } from './drain/sweep-undrained.js';
import { AttemptDelivery } from './fan-out/attempt-delivery.js';
import { Dispatcher, LEASE_MS } from './fan-out/dispatcher.js';
import { HEARTBEAT_MS, HeldDeliveries } from './fan-out/held-deliveries.js';
import { PullMessages } from './fan-out/pull/pull-messages.js';
import { SettlePulled } from './fan-out/pull/settle-pulled.js';
import { WaitForMessages } from './fan-out/pull/wait-for-messages.js';
import { QueueDestination } from './fan-out/queue/queue.destination.js';
import { ReadStream } from './fan-out/read-stream.js';
import { RealtimeDestination } from './fan-out/realtime/realtime.destination.js';
import { ReceiverHealth } from './fan-out/receiver-health.js';
import { WebhookDestination } from './fan-out/webhook/webhook.destination.js';
import { WebhookKeys } from './fan-out/webhook/webhook-keys.js';
import { KeepHouse } from './keep-house.js';
import { PartitionStreams, type PartitionId } from './partition-streams.js';
import { RecordRepository } from './record.repository.js';
import { ReplicaSignals } from './replica-signals.js';
import { AckLane } from './settle/ack-lane.js';
import { AttemptLog } from './settle/attempt-log.js';
import { FeedLedger } from './settle/feed-ledger.js';
import { FollowGroups } from './settle/follow-groups.js';
import { KeepMessages } from './settle/keep-messages.js';
import { LedgerRepository } from './settle/ledger.repository.js';
import { SettleDelivery } from './settle/settle-delivery.js';
import { TakeOver } from './settle/take-over.js';
import { TrimStreams } from './settle/trim-streams.js';
import { WatchLedger } from './settle/watch-ledger.js';

export interface FlowParts {
  readonly config: MqBrokerConfig;
  readonly sql: Sql;
  readonly bus: MessageBus;
  readonly queues: QueueService;
  readonly sealer: Sealer;
  readonly signals: CatalogSignals;
  readonly meter: BrokerMeter;
  readonly removeExpiredKeys: () => Promise<unknown>;
  readonly logger: Logger;
}

/** A command that is not answered in this time is given up: the caller is told, or the loop tries again. */
const COMMAND_TIMEOUT_MS = 5_000;

/** The journey of a message, put together: accept → commit → drain → fan-out → settle. Nothing runs before `start`. */
export function assembleFlow({ config, sql, bus, queues, sealer, signals, meter, removeExpiredKeys, logger }: FlowParts) {
  const addresses = createAddresses(config.REDIS_KEY_PREFIX);
  const instance = config.INSTANCE_ID;
  const connection = { url: config.REDIS_URL, logger, reconnectMaxMs: config.REDIS_RECONNECT_MAX_MS };
  // drain and acknowledgements wait until Redis is back; whoever somebody waits for does not
  const patient = connectRedis({ ...connection, name: 'mq-broker:drain' });
  const prompt = connectRedis({ ...connection, name: 'mq-broker:deliver', override: { maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS } });
  const draining = new PartitionStreams(patient, addresses);
  const delivering = new PartitionStreams(prompt, addresses);
  const epoch = new Epoch(patient, addresses.mqKey('epoch'));

  const topics = new TopicCache(sql, signals, logger);
  const subscriptions = new SubscriptionCache(sql, signals, logger);
  const records = new RecordRepository(sql);
  const ledger = new LedgerRepository(sql);
  const waits = new WaitForMessages();

  // what is new in a partition, whoever appended it
  const wake = (at: PartitionId): void => {
    for (const subscription of subscriptions.ofTopic(at.topicId)) {
      if (subscription.isOrdered) continue;
      if (isPush(subscription)) dispatcher.wake(subscription, at.partition);
      else waits.wake(subscription.id);
    }
  };
  const onAppended = (at: PartitionId, count: number, waitedMs: number): void => {
    meter.appended(count, waitedMs);
    wake(at);
    replicas.tellAppended(at);
  };
  const replicas = new ReplicaSignals({ redisUrl: config.REDIS_FAST_URL ?? config.REDIS_URL, addresses, instance, signals, logger, onAppended: wake });

  const drain = new DrainLane({ streams: draining, records, logger, onAppended });
  const sweep = new SweepUndrained(records, drain, epoch, logger);
  const committed = (stored: readonly Committed[]): void => {
    drain.offer(stored.map(messageOf));
    // an ordered subscription follows the record itself
    for (const topicId of new Set(stored.map(({ message }) => message.topicId))) {
      for (const { isOrdered } of subscriptions.ofTopic(topicId)) if (isOrdered) feeds.kick();
    }
  };
  const commits = new CommitLane({
    sql,
    logger,
    maxBatchCount: config.MESSAGE_BATCH_SIZE,
    relief: () => drain.relief(),
    onCommitted: (stored, tookMs) => {
      meter.published(stored.length, 'commit', tookMs, stored.map(({ message }) => message));
      committed(stored);
    },
  });
  const appends = new AppendAtOnce({
    ...{ streams: delivering, records, sql, logger, onAppended },
    onPublished: (stored, tookMs) => meter.published(stored.length, 'stream', tookMs, stored.map(({ message }) => message)),
  });

  const lengths = new QueueLengths(sql, config.MAX_QUEUE_LENGTH, logger);
  const accept = new AcceptMessage(topics, lengths, { maxMessageBytes: config.MAX_MESSAGE_SIZE });
  const rate = new PublishRate({ redis: prompt, addresses, logger, defaultRate: config.MQ_PUBLISH_RATE });
  const publish = new PublishMessages(accept, rate, commits, appends);

  const log = new AttemptLog(sql, instance, logger);
  const acks = new AckLane(draining, instance, logger);
  const settle = new SettleDelivery(
    ledger,
    acks,
    log,
    new KeepMessages(sql, records, topics, commits, logger),
    {
      delivered: ({ subscription, message }, { durationMs }) => {
        meter.delivered(subscription.destination.type, Date.now() - message.publishedAt.getTime(), originOf(subscription));
        if (subscription.destination.type === 'webhook') meter.webhookAnswered(durationMs);
      },
      failed: ({ subscription }, isDead) => {
        meter.failed(subscription.destination.type, originOf(subscription));
        if (isDead) meter.dead(originOf(subscription));
        else meter.retried(originOf(subscription));
      },
      passedOver: ({ subscription }) => meter.skipped(1, originOf(subscription)),
    },
    logger,
  );
  const takeOver = new TakeOver(settle, delivering, ledger, records, logger);

  const read = new ReadStream(delivering, records, epoch, sql, logger, instance);
  const held = new HeldDeliveries(delivering, ledger, instance, LEASE_MS, logger);
  const health = new ReceiverHealth(sql, signals, logger);
  const privateHosts = config.WEBHOOK_PRIVATE_HOSTS?.split(',').map((host) => host.trim()) ?? [];
  const targets = { allowPrivateHosts: privateHosts, allowHttp: 'private-hosts' } as const;
  // receivers of different tenants may share a host: there must be no other limit than the slots, which are given fairly
  const egress = createEgress({ ...targets, logger, maxConnectionsPerOrigin: config.MAX_CONCURRENT_CONSUMERS });
  const destinations = [new WebhookDestination(egress, new WebhookKeys(sql, sealer, signals)), new QueueDestination(queues), new RealtimeDestination(bus)];
  const attempts = new AttemptDelivery(destinations, settle, health, logger);
  const dispatcher: Dispatcher = new Dispatcher({
    slots: config.MAX_CONCURRENT_CONSUMERS,
    ...{ read, ledger, held, logger },
    attempt: (delivery) => attempts.attempt(delivery),
    breakerLimit: (subscription) => (subscription.destination.type === 'webhook' ? health.limit(subscription) : Number.POSITIVE_INFINITY),
  });
  const pull = new PullMessages(delivering, read, ledger, settle, epoch, waits);
  const settlePulled = new SettlePulled(delivering, ledger, settle, records, log, (subscription, tookMs) => {
    meter.delivered('pull', tookMs, originOf(subscription));
    // what came next of its key may be pulled now
    if (subscription.isOrdered) pull.wakeDue(subscription);
  });

  const ledgerWatch = new WatchLedger(
    ledger,
    subscriptions,
    (subscription) => (isPush(subscription) ? dispatcher.wakeDue(subscription) : pull.wakeDue(subscription)),
    (subscription, expired) => takeOver.fromLedger(subscription, expired),
    logger,
  );
  const feeds: FeedLedger = new FeedLedger(sql, () => ledgerWatch.kick(), logger);
  const groups = new FollowGroups({
    ...{ sql, streams: delivering, subscriptions, leaseMs: LEASE_MS, logger },
    consumer: `${instance}-takeover`,
    takeOver: (subscription, at, messages) => takeOver.fromStream(subscription, at, messages),
    onBehind: (subscription, partition) => (isPush(subscription) ? dispatcher.wake(subscription, partition) : waits.wake(subscription.id)),
  });
  const trim = new TrimStreams(sql, delivering, (topicId) => drain.forget(topicId), logger);
  const house = new KeepHouse({ sql, ledger, bus, removeExpiredKeys, logger });

  subscriptions.onChange((subscription) => {
    health.heard(subscription);
    dispatcher.changed(subscription);
  });
  subscriptions.onGone((subscription) => {
    dispatcher.gone(subscription);
    health.forget(subscription.id);
    acks.forget(subscription.id);
    for (let partition = 0; partition < subscription.partitionCount; partition++) {
      delivering.removeGroup({ topicId: subscription.topicId, partition }, subscription.id).catch((err: unknown) => logger.debug({ err }, 'the group of a subscription that is gone is left'));
    }
  });
  signals.onChange(({ kind }) => kind === 'topic' && trim.kick());
  patient.on('ready', () => {
    groups.holdOff(2 * HEARTBEAT_MS);
    held.kick();
    sweep.kick();
    groups.kick();
  });

  const loops = [subscriptions, lengths, sweep, held, ledgerWatch, feeds, groups, trim, house];
  return {
    ...{ addresses, publish, accept, rate, commits, appends, committed, pull, settlePulled, subscriptions, topics, dispatcher, targets, streams: delivering, redis: prompt, epoch },

    start(): void {
      for (const loop of loops) loop.start();
      dispatcher.start();
    },

    /** Before the HTTP server closes: takes nothing new, ends what is in flight. */
    async stopDelivering(graceMs: number): Promise<void> {
      pull.stop();
      await dispatcher.stop(graceMs);
      await Promise.all(loops.filter((loop) => loop !== held && loop !== sweep).map((loop) => loop.stop()));
      await settle.stop(graceMs);
      await held.stop();
    },

    /** After it: what was acknowledged to publishers is committed; the rest of its way is for others where it is not done in time. */
    async stop(graceMs: number): Promise<void> {
      await Promise.all([commits.idle(), appends.idle()]);
      await sweep.stop();
      await drain.stop(graceMs);
      await Promise.all([egress.close(), replicas.close(), closeRedis(patient), closeRedis(prompt)]);
    },
  };
}
export type Flow = ReturnType<typeof assembleFlow>;

function originOf({ id: subscriptionId, topicId, tenantId }: Subscription): { subscriptionId: string; topicId: string; tenantId: string } {
  return { subscriptionId, topicId, tenantId };
}
