import type { AnswerOf } from '@angarium/contracts';
import { GetHealth, GetStatus } from '@angarium/contracts/broker-api';
import type { Sql } from '@angarium/database';
import { SharedErrors } from '@angarium/errors';
import { HealthRegistry, Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { InjectSql } from '../../sql.js';
import { ReplicaFigures } from '../metrics/replica-figures.js';
import { readTotals } from '../metrics/total-figures.repository.js';
import { combineTotals } from '../metrics/window-totals.js';
import { InjectWatchOptions, type WatchOptions } from '../watch-options.js';

/** What a tenant may know of the service that it uses: whether it works, not why it does not. */
@Controller()
export class StatusController {
  private readonly startedAt = new Date();

  constructor(
    @InjectSql() private readonly sql: Sql,
    @InjectWatchOptions() private readonly options: WatchOptions,
    private readonly health: HealthRegistry,
    private readonly replicas: ReplicaFigures,
  ) {}

  @Route(GetHealth)
  async healthOf(): Promise<AnswerOf<typeof GetHealth>> {
    const report = await this.health.report();
    // reasons name hosts and ports: they are for /internal/mq/health-detailed
    const checks = Object.fromEntries(Object.entries(report.checks).map(([name, { status }]) => [name, status]));
    if (report.status === 'ok') return { status: 'ok', checks };
    const away = Object.keys(checks).filter((name) => checks[name] === 'down');
    const why = report.status === 'stopping' ? 'This replica is stopping.' : `Away: ${away.join(', ')}.`;
    throw SharedErrors.UNAVAILABLE(`The broker is not ready. ${why} Try again in the seconds that retryAfter names.`, { details: { status: report.status, checks } });
  }

  @Route(GetStatus)
  async status({ caller }: RouteCall<typeof GetStatus>): Promise<AnswerOf<typeof GetStatus>> {
    const [totals, [seen = combineTotals([])]] = await Promise.all([readTotals(this.sql, caller.tenantId), this.replicas.read([`tenant:${caller.tenantId}`])]);
    const { topics, partitions, messages, subscriptions, activeSubscriptions } = totals;
    return {
      service: 'mq-broker',
      version: this.options.version,
      instance: this.options.instance,
      startedAt: this.startedAt.toISOString(),
      uptimeMs: Date.now() - this.startedAt.getTime(),
      replicas: this.replicas.replicas()?.length ?? null,
      counts: { topics, partitions, messages, subscriptions, activeSubscriptions },
      rates: seen.rates,
    };
  }
}
