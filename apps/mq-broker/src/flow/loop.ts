import { describeError } from '@angarium/errors';
import { runOutside, type Logger } from '@angarium/observability';

export interface LoopOptions {
  /** Shown in logs. */
  readonly name: string;
  /** One pass. @returns true to begin the next one at once, a number of ms to wait so long instead. */
  readonly pass: () => Promise<boolean | number | void>;
  readonly everyMs: number;
  readonly logger: Logger;
}

/**
 * Does one pass after the other, for ever. States: resting, passing, stopped. A pass that fails is said once and tried again;
 * no two passes run at a time in a process.
 */
export class Loop {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStarted = false;
  private isAskedAgain = false;
  private isFailing = false;

  constructor(private readonly options: LoopOptions) {}

  /** Begins at once. Idempotent. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.kick();
  }

  /** Begins a pass now, or another one after the one that runs. Returns at once. */
  kick(): void {
    if (!this.isStarted) return;
    if (this.running !== undefined) this.isAskedAgain = true;
    else this.run();
  }

  /** Resolves when the pass that runs is over; nothing begins afterwards. Idempotent. */
  async stop(): Promise<void> {
    this.isStarted = false;
    clearTimeout(this.timer);
    await this.running;
  }

  private run(): void {
    clearTimeout(this.timer);
    this.isAskedAgain = false;
    // who kicks it may be a request; its passes are nobody's
    this.running = runOutside(() => this.pass().then((pauseMs) => this.rest(pauseMs)));
  }

  private rest(pauseMs: number): void {
    this.running = undefined;
    if (!this.isStarted) return;
    if (this.isAskedAgain || pauseMs === 0) setImmediate(() => this.isStarted && this.running === undefined && this.run());
    else this.timer = setTimeout(() => this.run(), pauseMs);
  }

  private async pass(): Promise<number> {
    const { name, pass, everyMs, logger } = this.options;
    try {
      const wish = await pass();
      if (this.isFailing) logger.info({ loop: name }, 'a loop works again');
      this.isFailing = false;
      return wish === true ? 0 : typeof wish === 'number' ? wish : everyMs;
    } catch (error) {
      if (!this.isFailing) logger.warn({ loop: name, reason: describeError(error) }, 'a loop cannot do its work; it tries again');
      this.isFailing = true;
      this.isAskedAgain = false;
      return everyMs;
    }
  }
}
