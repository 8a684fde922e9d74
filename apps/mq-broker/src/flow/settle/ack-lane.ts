import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { BatchLane } from '../batch-lane.js';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';

/** Acknowledges stream entries in batches, a lane for each group of a partition. */
export class AckLane {
  private readonly lanes = new Map<string, BatchLane<number, boolean>>();

  constructor(
    private readonly streams: PartitionStreams,
    private readonly consumer: string,
    private readonly logger: Logger,
  ) {}

  /** Settles an entry soon. Nobody waits for it: one that is lost is delivered once more. */
  acknowledge(at: PartitionId, group: string, offsets: readonly number[]): void {
    this.lane(at, group)
      .add(offsets)
      .catch(ignoreError(this.logger, 'ack-lane', 'what was not acknowledged is taken over and put into the ledger'));
  }

  async idle(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.idle()));
  }

  /** Drops the lanes of a group that is no more. */
  forget(group: string): void {
    for (const name of this.lanes.keys()) if (name.startsWith(`${group} `)) this.lanes.delete(name);
  }

  private lane({ topicId, partition }: PartitionId, group: string): BatchLane<number, boolean> {
    const name = `${group} ${partition}`;
    let lane = this.lanes.get(name);
    if (lane === undefined) {
      lane = new BatchLane({
        maxCount: 1_000,
        run: async (offsets) => {
          const refused = new Set(await this.streams.acknowledge({ topicId, partition }, group, this.consumer, offsets));
          if (refused.size > 0) this.logger.warn({ subscriptionId: group, partition, count: refused.size }, 'deliveries were taken over by another replica before they were acknowledged');
          return offsets.map((offset) => !refused.has(offset));
        },
      });
      this.lanes.set(name, lane);
    }
    return lane;
  }
}
