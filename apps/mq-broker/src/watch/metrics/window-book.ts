import { SLOT_MS, SlidingWindow } from './sliding-window.js';

export interface WindowBookOptions {
  /** Most windows that are kept. What comes when the book is full of busy ones is not counted. */
  readonly limit: number;
  readonly hasLatencies: boolean;
  /** When the counting began, in milliseconds of the caller's clock. */
  readonly startedAt: number;
}

/** A window for each id that something happened to in the last five minutes; bounded, so that ids cannot fill the memory. */
export class WindowBook {
  private readonly windows = new Map<string, SlidingWindow>();
  private sweptSlot = -1;

  constructor(private readonly options: WindowBookOptions) {}

  /** The window of an id; a new one where it has none and there is room. */
  of(id: string, now: number): SlidingWindow | undefined {
    const known = this.windows.get(id);
    if (known !== undefined) return known;
    if (this.windows.size >= this.options.limit) this.dropIdle(now);
    if (this.windows.size >= this.options.limit) return undefined;
    const { startedAt, hasLatencies } = this.options;
    const made = new SlidingWindow(startedAt, { hasLatencies });
    this.windows.set(id, made);
    return made;
  }

  /** The window of an id, if something happened to it. */
  get(id: string): SlidingWindow | undefined {
    return this.windows.get(id);
  }

  entries(): IterableIterator<[string, SlidingWindow]> {
    return this.windows.entries();
  }

  /** Forgets the ids to which nothing happened for five minutes. Looks at most once per slot. */
  dropIdle(now: number): void {
    const slot = Math.floor(now / SLOT_MS);
    if (slot === this.sweptSlot) return;
    this.sweptSlot = slot;
    for (const [id, window] of this.windows) if (window.isIdle(now)) this.windows.delete(id);
  }
}
