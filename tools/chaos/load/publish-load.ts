import { setTimeout as pause } from 'node:timers/promises';
import type { CallWatch } from './call-watch.js';
import { messageIdOf, type MessageBook, type Sent, type TopicKind } from './message-book.js';

const TRIES = 6;
const AGAIN_MS = 300;
/** Try again under the same id: outages, overload, and a call that is still being carried out. */
const passing = [409, 429, 500, 502, 503, 504, 507];

interface Published {
  readonly offset: number;
}

/** Publishers that each send one request after the other; a request without success is repeated under the same message ids. */
export class PublishLoad {
  /** Answers that no fault explains. */
  readonly refusals: string[] = [];
  private isRunning = true;
  private count = 0;
  private readonly publishers: Promise<void>[] = [];

  constructor(
    private readonly calls: CallWatch,
    private readonly book: MessageBook,
  ) {}

  /** About 100 messages a second for `commit`, 40 for `stream`. */
  start(): void {
    for (const isKeyed of [true, true, true, false]) this.begin(50, () => this.single('commit', isKeyed));
    this.begin(50, () => this.single('stream', true));
    this.begin(400, () => this.batch('commit', 10));
    this.begin(400, () => this.batch('stream', 10));
    this.begin(200, () => this.delayed());
  }

  /** Resolves when every request that was begun is over. Idempotent. */
  async stop(): Promise<void> {
    this.isRunning = false;
    await Promise.all(this.publishers);
  }

  private begin(everyMs: number, publish: () => Promise<void>): void {
    const run = async () => {
      while (this.isRunning) {
        await publish();
        await pause(everyMs);
      }
    };
    this.publishers.push(run());
  }

  private async single(topic: TopicKind, isKeyed: boolean): Promise<void> {
    const sent = this.book.begin(topic, { isKeyed });
    await this.send('/publish', { topic, ...fieldsOf(sent) }, [sent]);
  }

  /** Every second message has a key. */
  private async batch(topic: TopicKind, count: number): Promise<void> {
    const all = Array.from({ length: count }, (_, nth) => this.book.begin(topic, { isKeyed: nth % 2 === 0 }));
    await this.send('/publish/batch', { topic, messages: all.map(fieldsOf) }, all);
  }

  private async delayed(): Promise<void> {
    const delayMs = 100 + (this.count % 30) * 100;
    const sent = this.book.begin('commit', { isKeyed: false, delayMs });
    await this.send('/publish/delayed', { topic: 'commit', delayMs, ...fieldsOf(sent) }, [sent], { 'idempotency-key': `delayed-${sent.n}` });
  }

  private async send(path: string, body: object, messages: readonly Sent[], headers: Readonly<Record<string, string>> = {}): Promise<void> {
    for (let tries = 0; tries < TRIES && (tries === 0 || this.isRunning); tries++) {
      const triedAtMs = Date.now();
      const answer = await this.calls.post(path, body, { nth: this.count++, headers, mayGoOn: () => this.isRunning });
      if (answer !== undefined && answer.status < 300) {
        const places = placesIn(answer.text);
        messages.forEach((sent, nth) => this.book.acknowledge(sent, triedAtMs, places[nth]?.offset));
        return;
      }
      if (answer !== undefined && !passing.includes(answer.status)) {
        this.refusals.push(`${path} for ${messages.map(({ n }) => messageIdOf(n)).join(', ')}: ${answer.status} ${answer.text.slice(0, 300)}`);
        return;
      }
      await pause(AGAIN_MS);
    }
  }
}

function fieldsOf({ n, key, region }: Sent): object {
  return { messageId: messageIdOf(n), ...(key === undefined ? {} : { key }), payload: { n, region } };
}

/** Where messages stand; nothing for a delayed one, which has no offset yet. */
function placesIn(text: string): (Published | undefined)[] {
  const answer = JSON.parse(text) as Partial<Published> & { readonly results?: readonly Published[] };
  if (answer.results !== undefined) return [...answer.results];
  return [answer.offset === undefined ? undefined : { offset: answer.offset }];
}
