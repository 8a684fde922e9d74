/** A topic or subscription is new, different or gone: drop what you remember of it. */
export interface CatalogChange {
  readonly kind: 'topic' | 'subscription';
  readonly id: string;
}

type Listener = (change: CatalogChange) => void;

/** Tells this replica at once, and the others by a signal (best effort: caches look again by themselves within seconds). */
export class CatalogSignals {
  private readonly listeners: Listener[] = [];
  private readonly senders: Listener[] = [];

  /** Call it after the commit of a change. Returns at once, never throws. */
  changed(change: CatalogChange): void {
    this.heard(change);
    for (const send of this.senders) send(change);
  }

  /** Another replica changed something. */
  heard(change: CatalogChange): void {
    for (const listener of this.listeners) listener(change);
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  sendThrough(send: Listener): void {
    this.senders.push(send);
  }
}
