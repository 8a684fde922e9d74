import type { PulledMessage, SubscriptionView } from '@angarium/contracts/broker-api';
import { AngariumApiError } from '../angarium-api-error.js';
import { backoff, pause, type Retry } from '../retry.js';
import type { ConsumeOptions, Consumer, ErrorContext, Handler, StopOptions } from './consumer.js';
import { HeldMessage } from './held-message.js';
import { isPassing } from './is-passing.js';
import { LeaseKeeper } from './lease-keeper.js';
import { RetryLater } from './retry-later.js';
import { Settler, type Outcome } from './settler.js';

/** What a consumer asks of the broker; each is one try. */
export interface ConsumerCalls {
  lookUp(): Promise<Pick<SubscriptionView, 'ackTimeoutMs'>>;
  pull(max: number, waitMs: number, signal: AbortSignal): Promise<{ messages: PulledMessage[] }>;
  settle(outcome: Outcome, receipts: string[]): Promise<{ refused: { receipt: string; code: string; message: string }[] }>;
  extend(receipts: string[]): Promise<{ refused: { receipt: string; code: string; message: string }[] }>;
}

/** An empty answer that comes sooner than this would turn the loop into a storm of calls. */
const leastPullMs = 50;

/**
 * running (pull → wait for room → pull …) → stopping (the pull under way is answered, what waits is given back, handlers end, the last acks leave) → ended.
 * A pull is not aborted (but by `withinMs`): messages on their way would be lost to everybody until their lease ends.
 */
export class PullConsumer implements Consumer {
  readonly ended: Promise<Error | undefined>;
  private readonly waiting: HeldMessage[] = [];
  private readonly running = new Set<HeldMessage>();
  private readonly stopping = new AbortController();
  /** Aborts when `stop` waits no longer, also for a pull. */
  private readonly leaving = new AbortController();
  private readonly settler: Settler;
  private keeper: LeaseKeeper | undefined;
  private wake: () => void = () => undefined;
  private readonly concurrency: number;
  private readonly batchSize: number;
  private readonly waitMs: number;

  constructor(
    private readonly calls: ConsumerCalls,
    private readonly handler: Handler,
    private readonly options: ConsumeOptions,
    private readonly retry: Retry,
  ) {
    this.concurrency = atLeastOne('concurrency', options.concurrency ?? 10);
    this.batchSize = Math.min(1_000, atLeastOne('batchSize', options.batchSize ?? 2 * this.concurrency));
    this.waitMs = options.waitMs ?? 2_000;
    this.settler = new Settler((outcome, receipts) => calls.settle(outcome, receipts), (error) => this.report(error, { during: 'settle' }), retry);
    this.ended = this.run().then(async (error) => {
      await this.finish();
      return error;
    });
  }

  async stop({ withinMs }: StopOptions = {}): Promise<void> {
    this.stopping.abort();
    this.wake();
    const timer = withinMs === undefined ? undefined : setTimeout(() => this.abandon(), withinMs);
    await this.ended;
    clearTimeout(timer);
  }

  private get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<Error | undefined> {
    for (let failedCount = 0; !this.isStopping; ) {
      try {
        await this.onePass();
        failedCount = 0;
      } catch (error) {
        if (this.leaving.signal.aborted) return undefined;
        this.report(error as Error, { during: 'pull' });
        if (!isPassing(error)) return error as Error;
        failedCount++;
        const wantedMs = error instanceof AngariumApiError ? (error.retryAfter ?? 0) * 1000 : 0;
        await pause(Math.max(wantedMs, backoff(failedCount, this.retry, Math.random())), this.stopping.signal);
      }
    }
    return undefined;
  }

  /** Waits for room, pulls once, and lets handlers begin. */
  private async onePass(): Promise<void> {
    this.keeper ??= await this.makeKeeper();
    while (this.waiting.length > this.batchSize / 2 && !this.isStopping) await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.isStopping) return;
    const askedAt = Date.now();
    const { messages } = await this.calls.pull(this.batchSize - this.waiting.length, this.waitMs, this.leaving.signal);
    for (const message of messages) {
      const held = new HeldMessage(message, this.keeper.leasedUntil());
      this.keeper.hold(held);
      this.waiting.push(held);
    }
    this.fill();
    if (messages.length === 0 && Date.now() - askedAt < leastPullMs) await pause(leastPullMs, this.stopping.signal);
  }

  private async makeKeeper(): Promise<LeaseKeeper> {
    const everyMs = this.options.extendEveryMs ?? (await this.calls.lookUp()).ackTimeoutMs / 2;
    return new LeaseKeeper(everyMs, (receipts) => this.calls.extend(receipts), (error) => this.report(error, { during: 'extend' }));
  }

  private fill(): void {
    while (this.running.size < this.concurrency && !this.isStopping) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (!next.isLost) void this.handle(next);
    }
  }

  private async handle(held: HeldMessage): Promise<void> {
    this.running.add(held);
    const outcome = await this.outcomeOf(held);
    this.running.delete(held);
    if (!held.isLost) this.settle(held, outcome);
    this.fill();
    this.wake();
  }

  /** Never rejects. */
  private async outcomeOf(held: HeldMessage): Promise<Outcome> {
    const { message } = held;
    try {
      // a getter, so that no controller is made for handlers that do not ask
      await this.handler(message, { get signal() { return held.signal; } });
      return { kind: 'ack' };
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error), { cause: error });
      const reason = failure.message.slice(0, 500);
      if (failure instanceof RetryLater) return { kind: 'nack', delayMs: failure.delayMs, reason };
      this.report(failure, { during: 'handle', message });
      return { kind: 'nack', reason };
    }
  }

  private settle(held: HeldMessage, outcome: Outcome): void {
    this.keeper?.release(held);
    this.settler.settle(held.message.receipt, held.leasedUntil, outcome);
  }

  private async finish(): Promise<void> {
    this.stopping.abort(); // also when an error ended the loop: nothing more begins
    for (const held of this.waiting.splice(0)) if (!held.isLost) this.settle(held, { kind: 'release' });
    while (this.running.size > 0) await new Promise<void>((resolve) => (this.wake = resolve));
    await this.settler.drained();
    this.keeper?.stop();
  }

  private abandon(): void {
    this.leaving.abort();
    this.settler.hurry(Date.now() + 1_000); // one more try while the broker is away
    for (const held of this.running) {
      this.settle(held, { kind: 'nack', delayMs: 0, reason: 'the consumer stopped before its handler ended' });
      held.lose(new Error('The consumer was stopped and the time to end is over.'));
    }
    this.running.clear();
    this.wake();
  }

  private report(error: Error, context: ErrorContext): void {
    if (this.options.onError) this.options.onError(error, context);
    else process.emitWarning(error.message, { type: 'AngariumConsumerWarning', detail: `during: ${context.during}` });
  }
}

function atLeastOne(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`${name} is ${value}. Use a whole number from 1.`);
}
