import { GetConsumerMetrics, GetMetrics, GetTopicMetrics } from '@angarium/contracts/broker-api';
import type { AnswerOf } from '@angarium/contracts';
import { Route, type RouteCall } from '@angarium/service-shell';
import { Controller } from '@nestjs/common';
import { decodeCursor } from './page-cursor.js';
import { ReadFigures } from './read-figures.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@Controller()
export class MetricsController {
  constructor(private readonly figures: ReadFigures) {}

  @Route(GetMetrics)
  metrics({ caller }: RouteCall<typeof GetMetrics>): Promise<AnswerOf<typeof GetMetrics>> {
    return this.figures.metrics(caller.tenantId);
  }

  @Route(GetTopicMetrics)
  topics({ caller, query }: RouteCall<typeof GetTopicMetrics>): Promise<AnswerOf<typeof GetTopicMetrics>> {
    return this.figures.topics({ tenantId: caller.tenantId, prefix: query.prefix, afterName: decodeCursor(query.cursor), limit: query.limit });
  }

  @Route(GetConsumerMetrics)
  consumers({ caller, query }: RouteCall<typeof GetConsumerMetrics>): Promise<AnswerOf<typeof GetConsumerMetrics>> {
    const afterId = decodeCursor(query.cursor);
    // a cursor that was not ours begins the list
    return this.figures.consumers({ tenantId: caller.tenantId, topic: query.topic, afterId: afterId !== undefined && UUID.test(afterId) ? afterId : undefined, limit: query.limit });
  }
}
