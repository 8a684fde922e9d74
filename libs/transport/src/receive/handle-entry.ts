import { entryFields } from '@angarium/contracts';
import { describeError } from '@angarium/errors';
import { runInSpan, type Logger, type SpanDescription } from '@angarium/observability';
import { readField } from '@angarium/streams';
import { isObservable, lastValueFrom } from 'rxjs';
import { decodeEntry, type DecodedEntry } from './decode-entry.js';
import type { HeldEntries, HeldEntry } from './held-entry.js';
import type { DeadLetterBox } from './give-up.js';
import type { ReceiveMetrics } from './receive-metrics.js';
import { errorPacket, type ReplyLane } from './reply-lane.js';
import { decideRetry } from './retry-policy.js';
import type { Route } from './route.js';
import type { SettleLane } from './settle-lane.js';
import { StreamsContext } from './streams-context.js';

export interface HandlingParts {
  readonly group: string;
  readonly instance: string;
  readonly held: HeldEntries;
  readonly settleLane: SettleLane;
  readonly replyLane: ReplyLane;
  readonly deadLetters: DeadLetterBox;
  readonly metrics: ReceiveMetrics;
  readonly logger: Logger;
}

/**
 * One try of one entry, from its fields to its end: acknowledged, answered, waiting for a retry, or a dead letter.
 * Never throws.
 */
export class EntryHandling {
  constructor(private readonly parts: HandlingParts) {}

  /** Tries until there is an end; resolves with it. */
  async run(entry: HeldEntry): Promise<void> {
    const { route, fields } = entry;
    const onlyGroup = readField(fields, entryFields.onlyGroup);
    if (onlyGroup !== undefined && onlyGroup !== this.parts.group) return this.parts.settleLane.settle(entry);
    for (let isEnded = false; !isEnded; ) {
      const started = performance.now();
      try {
        if (route.kind === 'request') await this.handleRequest(entry);
        else {
          const result = await this.invoke(entry);
          if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
        }
        this.parts.metrics.handled(route.type, 'success', performance.now() - started);
        this.parts.settleLane.settle(entry);
        isEnded = true;
      } catch (error) {
        this.parts.metrics.handled(route.type, 'failure', performance.now() - started);
        isEnded = await this.afterFailure(entry, error);
      }
    }
  }

  private async handleRequest(entry: HeldEntry): Promise<void> {
    const channel = readField(entry.fields, entryFields.replyTo);
    const id = readField(entry.fields, entryFields.requestId);
    const deadline = Number(readField(entry.fields, entryFields.deadline) ?? 0);
    // whoever asked has been told that no answer came; a late one would only cost
    if (channel === undefined || id === undefined || deadline <= Date.now()) return;
    try {
      await this.answer(await this.invoke(entry), (packet) => this.parts.replyLane.reply(channel, { id, ...packet }));
    } catch (error) {
      this.parts.logger.debug({ type: entry.route.type, reason: describeError(error) }, 'request answered with an error');
      this.parts.replyLane.reply(channel, { id, error: errorPacket(error), isLast: true });
    }
  }

  /** What the handler returned: a value, or an Observable of values. */
  private invoke(entry: HeldEntry): Promise<unknown> {
    const decoded = decodeEntry(entry.route, entry.fields);
    return decoded instanceof Promise ? decoded.then((it) => this.callHandler(entry, it)) : this.callHandler(entry, decoded);
  }

  private callHandler({ route, id, attempts }: HeldEntry, { attributes, payload }: DecodedEntry): Promise<unknown> {
    const context = new StreamsContext([attributes, route.stream, id, attempts]);
    const { correlationid: correlationId, traceparent, tenant } = attributes;
    return runInSpan(spanOf(route, attributes.id), { correlationId, traceparent, tenant }, () => route.handler(payload, context));
  }

  /** Sends a value, or every value of an Observable: each but the last at once, the last together with the end. */
  private answer(result: unknown, reply: (packet: { value?: unknown; isLast?: boolean }) => void): Promise<void> {
    if (!isObservable(result)) {
      reply({ value: result, isLast: true });
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      let hasLast = false;
      let last: unknown;
      result.subscribe({
        next: (value) => {
          if (hasLast) reply({ value: last });
          hasLast = true;
          last = value;
        },
        error: reject,
        complete: () => {
          reply({ ...(hasLast ? { value: last } : {}), isLast: true });
          resolve();
        },
      });
    });
  }

  /** Waits for the next try, or gives up. @returns whether this was the end. */
  private async afterFailure(entry: HeldEntry, error: unknown): Promise<boolean> {
    const { deadLetters, logger, metrics, instance } = this.parts;
    const { route, id } = entry;
    const reason = describeError(error);
    entry.trail.push({ at: new Date().toISOString(), instance, error: reason });
    const decision = decideRetry(error, entry.attempts, entry.outages, route.retry);
    if (decision.action === 'give-up') {
      await deadLetters.giveUp(entry, reason);
      return true;
    }
    metrics.retried(route.type);
    logger.warn({ type: route.type, entryId: id, attempt: entry.attempts, delayMs: decision.delayMs, reason }, 'handler failed; trying again');
    if (decision.countsAsAttempt) entry.attempts += 1;
    entry.outages = decision.countsAsAttempt ? 0 : entry.outages + 1;
    return this.parts.held.waitForRetry(entry, decision.delayMs).then((mayTry) => !mayTry);
  }
}

function spanOf({ kind, type }: Route, messageId: string): SpanDescription {
  const attributes = { 'messaging.system': 'redis', 'messaging.destination.name': type, 'messaging.message.id': messageId };
  return kind === 'event' ? { name: `handle ${type}`, kind: 'consumer', attributes } : { name: `answer ${type}`, kind: 'server', attributes };
}
