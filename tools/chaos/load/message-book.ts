import type { Place, PublishedNumbers } from '@angarium/testing';

/** Durability of a topic, which is also its name in a run. */
export type TopicKind = 'commit' | 'stream';

export interface Sent {
  readonly n: number;
  readonly topic: TopicKind;
  readonly key: string | undefined;
  readonly region: 'eu' | 'us';
  /** When it was first tried, by Date.now(). */
  readonly sentAtMs: number;
  /** Not to be delivered before; undefined for what is not delayed. */
  readonly dueAtMs: number | undefined;
  /** When the try began that was answered with success. */
  ackedFromMs: number | undefined;
  offset: number | undefined;
}

const KEY_COUNT = 23;
const POISON_EVERY = 41;

/** Messages that the receiver at the poisoned subscription never takes. */
export const isPoison = (n: number): boolean => n % POISON_EVERY === 0;
export const messageIdOf = (n: number): string => `m-${n}`;
export const numberOf = (messageId: string): number => Number(messageId.slice(2));

/** Everything that was published, by number. Numbers are not used twice in a run. */
export class MessageBook {
  private readonly all = new Map<number, Sent>();

  /** Notes a message before its first try. Every third one is of region `eu`. */
  begin(topic: TopicKind, { isKeyed, delayMs }: { readonly isKeyed: boolean; readonly delayMs?: number }): Sent {
    const n = this.all.size + 1;
    const sentAtMs = Date.now();
    const sent: Sent = {
      ...{ n, topic, sentAtMs, ackedFromMs: undefined, offset: undefined },
      key: isKeyed ? `k${n % KEY_COUNT}` : undefined,
      region: n % 3 === 0 ? 'eu' : 'us',
      dueAtMs: delayMs === undefined ? undefined : sentAtMs + delayMs,
    };
    this.all.set(n, sent);
    return sent;
  }

  acknowledge(sent: Sent, triedAtMs: number, offset?: number): void {
    sent.ackedFromMs = triedAtMs;
    sent.offset = offset;
  }

  get(n: number): Sent | undefined {
    return this.all.get(n);
  }

  /** Of those that fit. */
  numbers(fits: (sent: Sent) => boolean): PublishedNumbers {
    const those = [...this.all.values()].filter(fits);
    return { attempted: new Set(those.map(({ n }) => n)), acknowledged: new Set(those.filter(({ ackedFromMs }) => ackedFromMs !== undefined).map(({ n }) => n)) };
  }

  /** For order per key. */
  placeOf(n: number): Place | undefined {
    const { key, offset } = this.all.get(n) ?? {};
    return key === undefined || offset === undefined ? undefined : { key, offset };
  }
}
