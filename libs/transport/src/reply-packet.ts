/** One answer on a reply channel; a message there is a JSON list of them. */
export interface ReplyPacket {
  readonly id: string;
  /** Absent: no value with this packet. */
  readonly value?: unknown;
  /** A `WireError`, or whatever a NestJS exception filter made. Ends the request. */
  readonly error?: unknown;
  /** Nothing follows. */
  readonly isLast?: boolean;
}
