import { choosePartition } from '../../flow/accept/choose-partition.js';
import { isDerived } from '../../flow/accept/derive-ids.js';
import { makeId } from '../../flow/accept/make-id.js';
import type { NewMessage } from '../../flow/commit/new-message.js';
import type { DueSchedule, ScheduleOutcome } from './due.repository.js';
import { nextDue } from './next-due.js';

/** A schedule whose topic is paused is looked at again after this long. */
const PAUSED_TOPIC_MS = 5_000;
/** One that Redis did not take is tried again after this long. */
const RETRY_MS = 1_000;

/** What to do with a schedule that is due: publish a message and write what became of it, or only write. */
export interface Promotion {
  readonly message: NewMessage | undefined;
  /** Its topic has the durability `stream`: Redis numbers it. */
  readonly isForStream: boolean;
  readonly outcome: ScheduleOutcome;
}

/** Decides what happens to a schedule that is due. Pure but for the id of the record. */
export function planPromotion(due: DueSchedule): Promotion {
  const { id, topic_status: status } = due;
  const without = (outcome: Omit<ScheduleOutcome, 'id' | 'messageId'>): Promotion => ({ message: undefined, isForStream: false, outcome: { id, messageId: null, ...outcome } });
  if (status === null) return without({ status: 'failed', dueAt: null, error: 'The topic was deleted.' });
  if (status === 'archived') return without({ status: 'failed', dueAt: null, error: 'The topic is archived and takes no messages.' });
  if (status === 'paused') {
    return without({ status: 'waiting', dueAt: new Date(due.now.getTime() + PAUSED_TOPIC_MS), error: 'The topic is paused; published when it is active again.' });
  }
  const message = messageOf(due);
  return { message, isForStream: due.durability === 'stream', outcome: { id, messageId: message.messageId, ...afterwards(due) } };
}

/** What becomes of a schedule whose message Redis did not take: it is tried again. */
export function triedAgain({ id, now }: DueSchedule, reason: string): ScheduleOutcome {
  return { id, status: 'waiting', dueAt: new Date(now.getTime() + RETRY_MS), messageId: null, error: reason };
}

/** What becomes of a schedule whose partition does not exist: nothing was published. */
export function withoutPartition({ id }: ScheduleOutcome): ScheduleOutcome {
  return { id, status: 'failed', dueAt: null, messageId: null, error: 'The topic has no such partition any more.' };
}

function messageOf(due: DueSchedule): NewMessage {
  const { cron, due_at: dueAt, message_key: key, message_id: givenId, now } = due;
  // what a caller named is one message; what was derived from an Idempotency-Key names all that one call left, be it two schedules
  const name = givenId !== null && (cron === null || isDerived(givenId)) ? givenId : due.id;
  // one id a time that it was due: whatever else fails, the topic knows it
  const messageId = cron === null ? name : `${name}-${dueAt.getTime()}`;
  return {
    topicId: due.topic_id,
    tenantId: due.tenant_id,
    // spread by its id where it has no key: tried again, it goes to the same partition, where its id is known
    partition: choosePartition({ key: key ?? messageId, partition: due.partition_id, partitionCount: due.partition_count ?? 1, spread: 0 }),
    recordId: makeId(),
    messageId,
    dedupWindowMs: Number(due.dedup_window_ms ?? 0) || null,
    key,
    type: due.message_type,
    correlationId: due.correlation_id,
    headers: due.headers,
    payload: due.payload,
    payloadSize: Buffer.byteLength(due.payload),
    contentType: 'application/json',
    scheduledAt: dueAt,
    expiresAt: due.expires_in_ms === null ? null : new Date(now.getTime() + Number(due.expires_in_ms)),
    producer: due.producer_id,
    traceparent: null,
  };
}

/** Never throws: a time zone that this machine does not know must not hold up the schedules of others. */
function afterwards({ cron, time_zone: timeZone, due_at: dueAt, now }: DueSchedule): Pick<ScheduleOutcome, 'status' | 'dueAt' | 'error'> {
  if (cron === null) return { status: 'published', dueAt: null, error: null };
  try {
    const nextMs = nextDue({ cron, timeZone: timeZone ?? 'UTC', previousDueMs: dueAt.getTime(), nowMs: now.getTime() });
    return { status: 'waiting', dueAt: new Date(nextMs), error: null };
  } catch (error) {
    return { status: 'failed', dueAt: null, error: error instanceof Error ? error.message : String(error) };
  }
}
