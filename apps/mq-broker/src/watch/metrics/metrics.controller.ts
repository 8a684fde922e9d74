import { GetConsumerMetrics, GetMetrics, GetTopicMetrics } from '@angarium/contracts/broker-api';
import type { AnswerOf } from '@angarium/contracts';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { ReadFigures } from './read-figures.js';

@Controller()
export class MetricsController {
  constructor(private readonly figures: ReadFigures) {}

  @Route(GetMetrics)
  metrics({ caller }: RouteCall<typeof GetMetrics>): Promise<AnswerOf<typeof GetMetrics>> {
    return this.figures.metrics(caller.tenantId);
  }

  @Route(GetTopicMetrics)
  topics({ caller, query }: RouteCall<typeof GetTopicMetrics>): Promise<AnswerOf<typeof GetTopicMetrics>> {
    return this.figures.topics({ tenantId: caller.tenantId, prefix: query.prefix, cursor: query.cursor, limit: query.limit });
  }

  @Route(GetConsumerMetrics)
  consumers({ caller, query }: RouteCall<typeof GetConsumerMetrics>): Promise<AnswerOf<typeof GetConsumerMetrics>> {
    return this.figures.consumers({ tenantId: caller.tenantId, topic: query.topic, cursor: query.cursor, limit: query.limit });
  }
}
