import type { Logger } from '@angarium/observability';
import type { PartitionId, PartitionStreams } from '../partition-streams.js';
import type { RecordRepository } from '../record.repository.js';

/**
 * Begins the stream of a partition that is new, or that Redis lost, behind what every subscription has settled.
 * The messages that follow are appended from the record by the drain, and the groups are placed where each had settled
 * when they are read next. Idempotent; any replica may do it.
 */
export async function rebuildStream(at: PartitionId, { streams, records, logger }: { streams: PartitionStreams; records: RecordRepository; logger: Logger }): Promise<void> {
  const settled = await records.settledByAll(at);
  if (settled?.isStreamOnly === true) return records.beginStreamOnly(at, (base) => streams.begin(at, base));
  // a topic that was deleted meanwhile gets a stream that nobody reads; removing the topic removes it again
  const base = settled?.base ?? 0;
  const wasMissing = await streams.begin(at, base);
  if (wasMissing && base < (settled?.head ?? 0)) logger.info({ topicId: at.topicId, partition: at.partition, base, head: settled?.head }, 'a stream is begun and filled from the record');
}
