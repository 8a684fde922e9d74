export interface PartitionChoice {
  readonly key: string | null;
  /** Asked for by the producer; the caller has checked that it exists. */
  readonly partition?: number | null | undefined;
  /** At least 1. */
  readonly partitionCount: number;
  /** A number that grows by one with each message without key. */
  readonly spread: number;
}

/**
 * The partition of a message, from 0: the one that the producer named, else that of its key, else the next in turn.
 * The key's is the same that a Kafka producer chooses, so a topic may move to Kafka and back with its order kept. Pure.
 */
export function choosePartition({ key, partition, partitionCount, spread }: PartitionChoice): number {
  if (partition !== null && partition !== undefined) return partition;
  if (key !== null) return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitionCount;
  return ((spread % partitionCount) + partitionCount) % partitionCount;
}

const M = 0x5bd1e995;
const SEED = 0x9747b28c;

/** MurmurHash2, 32 bits, with Kafka's seed: a signed number, as Kafka's own tests state it. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeLength = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < wholeLength; at += 4) {
    const mixed = Math.imul(view.getInt32(at, true), M);
    hash = Math.imul(hash, M) ^ Math.imul(mixed ^ (mixed >>> 24), M);
  }
  if (wholeLength < bytes.length) {
    for (let at = bytes.length - 1; at >= wholeLength; at -= 1) hash ^= view.getUint8(at) << (8 * (at - wholeLength));
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
