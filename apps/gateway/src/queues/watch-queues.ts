import { Metrics } from '@angarium/observability';
import { QueueService } from '@angarium/queues';
import { Injectable } from '@nestjs/common';

/** Tells depth and age of the queues at /metrics of the gateway; workers tell of their own jobs only. */
@Injectable()
export class WatchQueues {
  constructor(queues: QueueService, metrics: Metrics) {
    queues.watch(metrics);
  }
}
