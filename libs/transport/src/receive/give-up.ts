import { deadLetterFields } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import { readField, type StreamOperations } from '@angarium/streams';
import type { HeldEntries, HeldEntry } from './held-entry.js';
import type { ReceiveMetrics } from './receive-metrics.js';

const RETRY_MS = 1_000;

/** Moves what is given up to the dead letters of this group, with its reason and trail, and tries until Redis took it. */
export class DeadLetterBox {
  private isStopped = false;

  constructor(
    private readonly operations: StreamOperations,
    private readonly consumer: { group: string; instance: string },
    private readonly held: HeldEntries,
    private readonly metrics: ReceiveMetrics,
    private readonly logger: Logger,
  ) {}

  async giveUp(entry: HeldEntry, reason: string): Promise<void> {
    const { route, id, attempts } = entry;
    this.held.change(entry, 'settling');
    const fields = [
      ...[deadLetterFields.reason, reason, deadLetterFields.trail, JSON.stringify(entry.trail)],
      ...[deadLetterFields.originId, id, deadLetterFields.diedAt, new Date().toISOString(), deadLetterFields.attempts, String(attempts)],
      // a redriven entry brings its count along
      ...(readField(entry.fields, deadLetterFields.redrives) === undefined ? [deadLetterFields.redrives, '0'] : []),
    ];
    const { group, instance } = this.consumer;
    while (!this.isStopped) {
      try {
        await this.operations.deadLetter({ stream: route.stream, deadStream: route.deadStream, group, consumer: instance, id, fields });
        this.metrics.gaveUp(route.type);
        this.logger.error({ type: route.type, entryId: id, attempts, reason, deadStream: route.deadStream }, 'message given up; it is in the dead letters');
        break;
      } catch (error) {
        this.logger.warn({ type: route.type, entryId: id, reason: describeError(error) }, 'dead letter not stored yet; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    this.held.remove(entry);
  }

  stop(): void {
    this.isStopped = true;
  }
}
