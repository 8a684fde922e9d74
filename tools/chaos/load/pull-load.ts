import { setTimeout as pause } from 'node:timers/promises';
import type { CallWatch } from './call-watch.js';
import { numberOf } from './message-book.js';

const WAIT_MS = 500;
const MAX = 50;
const AGAIN_MS = 200;
const NACK_EVERY = 25;
const FORGET_EVERY = 50;

interface Pulled {
  readonly receipt: string;
  readonly messageId: string;
  readonly attempt: number;
}

/** Consumers of a pull subscription: each takes, settles, and takes again. At its first attempt a message is sometimes given back, or forgotten. */
export class PullLoad {
  private isRunning = true;
  private readonly consumers: Promise<void>[] = [];

  constructor(
    private readonly calls: CallWatch,
    private readonly subscriptionId: string,
    /** Told of every message that was handled. */
    private readonly onHandled: (n: number) => void,
  ) {}

  start(count: number): void {
    for (let nth = 0; nth < count; nth++) this.consumers.push(this.run(nth));
  }

  /** Resolves when each has ended its turn. Idempotent. */
  async stop(): Promise<void> {
    this.isRunning = false;
    await Promise.all(this.consumers);
  }

  private async run(nth: number): Promise<void> {
    for (let turn = nth; this.isRunning; turn++) {
      const answer = await this.post('pull', { max: MAX, waitMs: WAIT_MS }, turn);
      if (answer?.status !== 200) {
        await pause(AGAIN_MS);
        continue;
      }
      await this.handle((JSON.parse(answer.text) as { messages: Pulled[] }).messages, turn);
    }
  }

  private async handle(messages: readonly Pulled[], turn: number): Promise<void> {
    const isAt = (every: number, rest: number) => (it: Pulled) => it.attempt === 1 && numberOf(it.messageId) % every === rest;
    const [isNacked, isForgotten] = [isAt(NACK_EVERY, 3), isAt(FORGET_EVERY, 7)];
    const nacked = messages.filter(isNacked);
    const handled = messages.filter((it) => !isNacked(it) && !isForgotten(it));
    for (const { messageId } of handled) this.onHandled(numberOf(messageId));
    const receiptsOf = (those: readonly Pulled[]) => those.map(({ receipt }) => receipt);
    // a settlement without an answer may be lost: then the message comes again
    if (handled.length > 0) await this.post('ack', { receipts: receiptsOf(handled) }, turn);
    if (nacked.length > 0) await this.post('nack', { receipts: receiptsOf(nacked), delayMs: 100 }, turn);
  }

  private post(what: 'pull' | 'ack' | 'nack', body: object, nth: number) {
    return this.calls.post(`/subscriptions/${this.subscriptionId}/${what}`, body, { nth, mayGoOn: () => this.isRunning });
  }
}
