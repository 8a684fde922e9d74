import type { Committed, NewMessage } from '../../flow/commit/new-message.js';

/** The stages of publishing to which a message goes on when its time has come; provided under this class as its token. */
export abstract class HearsPromoted {
  /** Takes over what was stored, after the commit. Must not throw. */
  abstract promoted(stored: readonly Committed[]): void;

  /** Publishes to a topic with durability `stream`, which is numbered by Redis and not by Postgres; AppendAtOnce does. May wait for ever while Redis is away. */
  abstract append(message: NewMessage): Promise<Committed>;
}
