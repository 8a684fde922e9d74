import type { AnswerOf } from '@angarium/contracts';
import { GetAuditQueueStatus, GetDetailedHealth, GetInternalMetrics, GetNotificationQueue, type InternalTopicState, type TopicMetrics } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { ignoreError } from '@angarium/errors';
import { HealthRegistry, Route } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { performance } from 'node:perf_hooks';
import type { InternalTopic } from '../catalog/topics/ensure-system-topics.js';
import { SYSTEM_TENANT_ID } from '../catalog/topics/topic-cache.js';
import { InjectSql } from '../sql.js';
import { ReadFigures } from '../watch/metrics/read-figures.js';
import { ReplicaFigures } from '../watch/metrics/replica-figures.js';
import { readTotals } from '../watch/metrics/total-figures.repository.js';
import { InjectWatchOptions, type WatchOptions } from '../watch/watch-options.js';
import { EmailQueue } from './email-queue.js';

/** What other services may see of the broker: more than a tenant, since they belong to the system. */
@Controller()
export class InternalWatchController {
  constructor(
    @InjectSql() private readonly sql: Sql,
    @InjectWatchOptions() private readonly options: WatchOptions,
    private readonly figures: ReadFigures,
    private readonly replicas: ReplicaFigures,
    private readonly health: HealthRegistry,
    private readonly emails: EmailQueue,
  ) {}

  @Route(GetAuditQueueStatus)
  async auditQueue(): Promise<AnswerOf<typeof GetAuditQueueStatus>> {
    const [state] = await this.statesOf(['audit-logs']);
    return state ?? missing('audit-logs');
  }

  @Route(GetNotificationQueue)
  async notificationQueue(): Promise<AnswerOf<typeof GetNotificationQueue>> {
    const [topics, email] = await Promise.all([this.statesOf(['user-notifications', 'notifications']), this.emails.counts()]);
    return { topics, email: email ?? null };
  }

  @Route(GetInternalMetrics)
  metrics(): Promise<AnswerOf<typeof GetInternalMetrics>> {
    return this.figures.metrics(null);
  }

  @Route(GetDetailedHealth)
  async healthDetailed(): Promise<AnswerOf<typeof GetDetailedHealth>> {
    const ignored = ignoreError(this.options.logger, 'internal.health-detailed', 'the check of Postgres tells what is wrong; the counts are left out');
    const [report, totals] = await Promise.all([this.health.report(), readTotals(this.sql, null).catch(ignored)]);
    const { rss, heapUsed } = process.memoryUsage();
    return {
      ...report,
      version: this.options.version,
      instance: this.options.instance,
      uptimeMs: Math.round(process.uptime() * 1_000),
      replicas: this.replicas.replicas()?.toSorted() ?? null,
      process: { rssBytes: rss, heapUsedBytes: heapUsed, eventLoopUtilization: performance.eventLoopUtilization().utilization },
      subscriptions: totals ? { total: totals.subscriptions, active: totals.activeSubscriptions, disabled: totals.disabledSubscriptions, breakerOpen: totals.openBreakers } : null,
    };
  }

  /** In the order of the names. */
  private async statesOf(names: readonly InternalTopic[]): Promise<InternalTopicState[]> {
    const found = await this.figures.topicsNamed(SYSTEM_TENANT_ID, names);
    return names.map((name) => {
      const topic = found.find((it) => it.topic === name);
      return topic === undefined ? missing(name) : stateOf(topic);
    });
  }
}

function stateOf({ topic, messages, subscriptionCount, lag, waiting, inFlight, dead, oldestUnsettledAgeMs, rates }: TopicMetrics): InternalTopicState {
  return { topic, exists: true, messages, subscriptionCount, lag, waiting, inFlight, dead, oldestUnsettledAgeMs, publishedRate: rates.published, deliveredRate: rates.delivered };
}

function missing(topic: string): InternalTopicState {
  const none = { messages: 0, subscriptionCount: 0, lag: 0, waiting: 0, inFlight: 0, dead: 0, oldestUnsettledAgeMs: null };
  return { topic, exists: false, ...none, publishedRate: 0, deliveredRate: 0 };
}
