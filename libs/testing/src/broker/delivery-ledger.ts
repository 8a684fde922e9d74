/** What became of numbered messages, by the names that Jepsen's tests of queues use. */
export interface Counters {
  readonly attempted: number;
  readonly acknowledged: number;
  /** Distinct messages that arrived. */
  readonly delivered: number;
  /** Acknowledged, and never arrived. */
  readonly lost: number;
  /** Arrivals of what had arrived before. */
  readonly duplicated: number;
  /** Arrived, and nobody had published it. */
  readonly unexpected: number;
}

export interface PublishedNumbers {
  readonly attempted: ReadonlySet<number>;
  readonly acknowledged: ReadonlySet<number>;
}

/** @param delivered numbers in order of arrival, repeats included. */
export function countDeliveries({ attempted, acknowledged }: PublishedNumbers, delivered: readonly number[]): Counters {
  const distinct = new Set(delivered);
  return {
    attempted: attempted.size,
    acknowledged: acknowledged.size,
    delivered: distinct.size,
    lost: [...acknowledged].filter((n) => !distinct.has(n)).length,
    duplicated: delivered.length - distinct.size,
    unexpected: [...distinct].filter((n) => !attempted.has(n)).length,
  };
}

/** Messages of one key are in one partition, so their offsets tell their order. */
export interface Place {
  readonly key: string;
  readonly offset: number;
}

/**
 * Messages that came after a later one of their key; repeats of what came before are no fault.
 * @param placeOf undefined where nobody knows: a message without key, or one whose publish had no answer.
 */
export function outOfOrder(arrived: readonly number[], placeOf: (n: number) => Place | undefined): number[] {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  return arrived.filter((n) => {
    const place = placeOf(n);
    if (seen.has(n) || place === undefined) return false;
    seen.add(n);
    const before = last.get(place.key) ?? 0;
    last.set(place.key, Math.max(before, place.offset));
    return place.offset < before;
  });
}
