import type { TenantCaller } from '@angarium/auth';
import type { Published } from '@angarium/contracts/broker-api';
import { AngariumError, toAngariumError, type ErrorBody } from '@angarium/errors';
import { MqErrors } from '../../errors.js';
import type { CommitLane } from '../commit/commit-lane.js';
import type { Committed } from '../commit/new-message.js';
import type { AppendAtOnce } from '../drain/append-at-once.js';
import { isoOf } from '../iso-of.js';
import { passFaultPoint } from '../fault-point.js';
import type { AcceptedMessage, AcceptMessage, ToPublish } from './accept-message.js';

/** Most bytes of payloads in one batch. */
export const MAX_BATCH_BYTES = 5 * 1024 * 1024;

/** A tenant's rate; answers at once where it can. */
export interface TakesRate {
  take(caller: TenantCaller, count: number): true | { readonly retryAfterMs: number } | Promise<true | { readonly retryAfterMs: number }>;
}

export type BatchResult = (Published & { readonly ok: true }) | { readonly ok: false; readonly error: ErrorBody };

/** Publishing: accept, commit, answer. The rest of the journey goes on behind the answer. */
export class PublishMessages {
  constructor(
    private readonly acceptMessage: AcceptMessage,
    private readonly rate: TakesRate,
    private readonly commits: CommitLane,
    private readonly appends: AppendAtOnce,
  ) {}

  /** Resolves when the message is durable. @throws what AcceptMessage throws, MQ_RATE_LIMITED, MQ_PUBLISH_FAILED */
  async publish(caller: TenantCaller, input: ToPublish): Promise<Published> {
    const accepting = this.acceptMessage.accept(caller, input);
    const accepted = accepting instanceof Promise ? await accepting : accepting;
    const taking = this.rate.take(caller, 1);
    checkTaken(taking instanceof Promise ? await taking : taking);
    const { topic, message } = accepted;
    passFaultPoint('accepted');
    // thousands a second come this way: no list of one, no promise more than it takes
    const committed = topic.durability === 'commit' ? (await this.commits.commit([message]))[0] : await this.appends.append(message);
    if (committed === undefined) throw new RangeError('a message without a result');
    return toPublished(topic.name, committed);
  }

  /** Publishes for a service of this system, past API keys and rates. */
  publishAs(tenantId: string, topic: string, input: Omit<ToPublish, 'topic'>, producer = 'mq-broker'): Promise<Published> {
    return this.publish(systemCaller(tenantId, producer), { ...input, topic });
  }

  /** All or none: one bad message refuses the batch before anything is stored. @throws as `publish`; details name the message by its index. */
  async publishAll(caller: TenantCaller, inputs: readonly ToPublish[]): Promise<BatchResult[]> {
    const accepted: AcceptedMessage[] = [];
    for (const [index, input] of inputs.entries()) {
      try {
        const accepting = this.acceptMessage.accept(caller, input);
        // a thousand awaits of what is there already would cost more than the checks
        accepted.push(accepting instanceof Promise ? await accepting : accepting);
      } catch (error) {
        throw atIndex(toAngariumError(error), index);
      }
    }
    checkBytes(accepted);
    await this.takeRate(caller, accepted.length);
    const results = await this.store(accepted);
    const failure = results.find((it) => it instanceof AngariumError);
    if (failure !== undefined) throw failure;
    return results.map(toResult);
  }

  /** Each for itself: a result for every message. */
  async publishEach(caller: TenantCaller, inputs: readonly ToPublish[]): Promise<BatchResult[]> {
    const outcomes = await Promise.all(
      inputs.map(async (input) => {
        try {
          return await this.acceptMessage.accept(caller, input);
        } catch (error) {
          return toAngariumError(error);
        }
      }),
    );
    const accepted = outcomes.filter((it): it is AcceptedMessage => !(it instanceof AngariumError));
    checkBytes(accepted);
    if (accepted.length > 0) await this.takeRate(caller, accepted.length);
    const stored = (await this.store(accepted)).values();
    return outcomes.map((it) => toResult(it instanceof AngariumError ? it : (stored.next().value as Published | AngariumError)));
  }

  private async takeRate(caller: TenantCaller, count: number): Promise<void> {
    checkTaken(await this.rate.take(caller, count));
  }

  private async store(accepted: readonly AcceptedMessage[]): Promise<(Published | AngariumError)[]> {
    passFaultPoint('accepted');
    if (accepted.every(({ topic }) => topic.durability === 'commit')) {
      const all = accepted.length === 0 ? [] : await this.commits.commit(accepted.map(({ message }) => message));
      return all.map((committed, at) => publishedOrGone(accepted[at]?.topic.name ?? '', committed));
    }
    const forRecord = accepted.filter(({ topic }) => topic.durability === 'commit');
    const committed = forRecord.length === 0 ? [] : await this.commits.commit(forRecord.map(({ message }) => message));
    const ofRecord = committed.values();
    return Promise.all(
      accepted.map(async ({ topic, message }) => {
        try {
          return toPublished(topic.name, topic.durability === 'commit' ? (ofRecord.next().value as Committed) : await this.appends.append(message));
        } catch (error) {
          return toAngariumError(error);
        }
      }),
    );
  }
}

function checkTaken(taken: true | { readonly retryAfterMs: number }): void {
  if (taken !== true) throw MqErrors.MQ_RATE_LIMITED(undefined, { retry: { afterMs: taken.retryAfterMs } });
}

function toPublished(topic: string, { message, outcome, partition, offset, publishedAt }: Committed): Published {
  if (outcome === 'gone') throw MqErrors.MQ_QUEUE_NOT_FOUND(`The topic ${topic} was deleted meanwhile.`);
  return { messageId: message.messageId, topic, partition, offset, publishedAt: isoOf(publishedAt), deduplicated: outcome === 'duplicate' };
}

function publishedOrGone(topic: string, committed: Committed): Published | AngariumError {
  try {
    return toPublished(topic, committed);
  } catch (error) {
    return toAngariumError(error);
  }
}

function toResult(it: Published | AngariumError): BatchResult {
  return it instanceof AngariumError ? { ok: false, error: it.toBody() } : { ok: true, ...it };
}

function checkBytes(accepted: readonly AcceptedMessage[]): void {
  const bytes = accepted.reduce((sum, { message }) => sum + message.payloadSize, 0);
  if (bytes > MAX_BATCH_BYTES) throw MqErrors.MQ_BATCH_TOO_LARGE(`The payloads have ${bytes} bytes; the limit of a batch is ${MAX_BATCH_BYTES}. Send fewer messages at once.`);
}

function atIndex(error: AngariumError, index: number): AngariumError {
  return new AngariumError(error, `messages[${index}]: ${error.message}`, { details: { index, ...(error.details as object | undefined) }, cause: error });
}

/** A service of this system, as a producer: it may publish without an API key. */
function systemCaller(tenantId: string, service: string): TenantCaller {
  const scopes = new Set(['publish', 'consume', 'admin'] as const);
  return { kind: 'tenant', tenantId, tenantName: 'system', keyId: service, keyName: service, scopes, publishRate: Number.MAX_SAFE_INTEGER };
}
