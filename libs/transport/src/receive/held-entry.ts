import type { FlatFields } from '@angarium/streams';
import type { Route } from './route.js';

/** One failed try, for the trail of a dead letter. */
export interface Attempt {
  readonly at: string;
  readonly instance: string;
  readonly error: string;
}

/**
 * An entry that this replica answers for, from reading it until Redis knows its end.
 * running → (success) settling → gone; running → (failure) waiting → running …; running → (given up) settling → gone.
 */
export interface HeldEntry {
  readonly route: Route;
  readonly id: string;
  readonly fields: FlatFields;
  readonly heldSince: number;
  state: 'running' | 'waiting' | 'settling';
  /** Tries so far, by this replica and the ones before it. */
  attempts: number;
  /** Failures in a row because something was away. */
  outages: number;
  readonly trail: Attempt[];
  /** Ends the wait for the next try; false when the entry is not this replica's any more. */
  endWait?: (mayTry: boolean) => void;
}

/** The trail of a poison message is cut here; the last attempts tell most. */
const MAX_TRAIL_COUNT = 20;

type Kind = Route['kind'];

/** All entries this replica answers for, and how many more it may take. */
export class HeldEntries {
  /** By stream, then by id: a key made of both would be built and hashed several times for each message. */
  private readonly streams = new Map<string, Map<string, HeldEntry>>();
  private readonly counts = { event: { running: 0, waiting: 0, settling: 0 }, request: { running: 0, waiting: 0, settling: 0 } };
  private readonly onRoom: Partial<Record<Kind, () => void>> = {};

  constructor(
    private readonly prefetch: number,
    /** Entries that wait for a retry do not take a place of the prefetch, but there is an end to it. */
    private readonly maxWaiting: number,
  ) {}

  has(stream: string, id: string): boolean {
    return this.streams.get(stream)?.has(id) ?? false;
  }

  add(entry: HeldEntry): void {
    const { stream } = entry.route;
    const entries = this.streams.get(stream);
    if (entries) entries.set(entry.id, entry);
    else this.streams.set(stream, new Map([[entry.id, entry]]));
    this.counts[entry.route.kind][entry.state] += 1;
  }

  change(entry: HeldEntry, state: HeldEntry['state']): void {
    const counts = this.counts[entry.route.kind];
    counts[entry.state] -= 1;
    entry.state = state;
    counts[state] += 1;
    this.announceRoom(entry.route.kind);
  }

  remove(entry: HeldEntry): void {
    if (!this.streams.get(entry.route.stream)?.delete(entry.id)) return;
    this.counts[entry.route.kind][entry.state] -= 1;
    entry.endWait?.(false);
    this.announceRoom(entry.route.kind);
  }

  /** Waits before the next try. @returns false when the entry was removed meanwhile: then nothing may be tried. */
  async waitForRetry(entry: HeldEntry, delayMs: number): Promise<boolean> {
    if (entry.trail.length > MAX_TRAIL_COUNT) entry.trail.splice(0, entry.trail.length - MAX_TRAIL_COUNT);
    this.change(entry, 'waiting');
    const mayTry = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), delayMs);
      entry.endWait = (may) => {
        clearTimeout(timer);
        resolve(may);
      };
    });
    delete entry.endWait;
    if (mayTry) this.change(entry, 'running');
    return mayTry;
  }

  /** Forgets what waits for a retry: it is not this replica's to try any more. Running entries stay. */
  endWaits(): void {
    for (const entry of this.all()) if (entry.state === 'waiting') this.remove(entry);
  }

  /** How many entries may be read now. Requests have places of their own: slow events do not keep a question waiting. */
  room(kind: Kind): number {
    const { running, waiting } = this.counts[kind];
    return waiting >= this.maxWaiting ? 0 : Math.max(0, this.prefetch - running);
  }

  /** Resolves when there is room. */
  untilRoom(kind: Kind): Promise<void> {
    if (this.room(kind) > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.onRoom[kind];
      this.onRoom[kind] = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Entries in state `running` or `settling`: a graceful stop waits for these. */
  get unfinishedCount(): number {
    const { event, request } = this.counts;
    return this.runningCount + event.settling + request.settling;
  }

  get runningCount(): number {
    return this.counts.event.running + this.counts.request.running;
  }

  *all(): IterableIterator<HeldEntry> {
    for (const entries of this.streams.values()) yield* entries.values();
  }

  private announceRoom(kind: Kind): void {
    const announce = this.onRoom[kind];
    if (announce === undefined || this.room(kind) === 0) return;
    delete this.onRoom[kind];
    announce();
  }
}
