import { residentBytes } from './process-usage.js';

const LOOK_MS = 100;

/** Keeps the largest resident memory of a process, for each part of the run. */
export class MemoryWatch {
  private readonly largest = new Map<string, number>();
  private part = 'start';
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly look: () => number) {
    this.timer = setInterval(() => this.lookOnce(), LOOK_MS);
    this.timer.unref();
  }

  static of(pid: number): MemoryWatch {
    return new MemoryWatch(() => residentBytes(pid));
  }

  /** What comes from here on belongs to this part, which may come several times. */
  enter(part: string): void {
    this.lookOnce();
    this.part = part;
  }

  lookOnce(): void {
    const bytes = this.look();
    if (bytes > (this.largest.get(this.part) ?? 0)) this.largest.set(this.part, bytes);
  }

  /** Ends it. @returns bytes by part, in order of appearance. */
  stop(): ReadonlyMap<string, number> {
    this.lookOnce();
    clearInterval(this.timer);
    return this.largest;
  }
}
