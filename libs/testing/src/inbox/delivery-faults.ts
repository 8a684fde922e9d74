/** What one session is told about its recipient or its mail. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

/** What happens to the mail in DATA: taken, cut before it is complete, or kept while its answer is lost. */
export type DataOutcome = 'take' | 'cut' | 'lose-answer';

interface Rule {
  readonly refusal: Refusal;
  times: number;
}

/**
 * Faults that a test asks of the inbox. Idle (nothing held, refused or cut) it changes nothing.
 * The gate stands between a complete mail and its acceptance: the moment in which a sender cannot know the outcome.
 */
export class DeliveryFaults {
  private gate: { opened: Promise<void>; open: () => void } | undefined;
  private readonly atGate = new Set<string>();
  private readonly rules = new Map<string, Rule>();
  private readonly planned: Exclude<DataOutcome, 'take'>[] = [];

  /** Sessions that sent a whole mail and wait for its acceptance. A session that goes away is no longer counted. */
  get waiting(): number {
    return this.atGate.size;
  }

  hold(): void {
    if (this.gate !== undefined) return;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gate = { opened, open };
  }

  release(): void {
    this.gate?.open();
    this.gate = undefined;
  }

  /** Resolves with whether the session is still there when the gate lets it through; at once while nothing is held. */
  async pass(session: string): Promise<boolean> {
    if (this.gate === undefined) return true;
    this.atGate.add(session);
    await this.gate.opened;
    return this.atGate.delete(session);
  }

  /** The session's connection is closed: it waits no more, and its mail is not taken. */
  leave(session: string): void {
    this.atGate.delete(session);
  }

  refuse(address: string, code: number, options: { text?: string; times?: number } = {}): void {
    const text = options.text ?? (code < 500 ? 'try again later' : 'no such mailbox here');
    this.rules.set(address.toLowerCase(), { refusal: { code, text }, times: options.times ?? Number.POSITIVE_INFINITY });
  }

  /** Takes away all refusals and planned cuts, and opens the gate. */
  reset(): void {
    this.rules.clear();
    this.planned.length = 0;
    this.release();
  }

  refusalOf(address: string): Refusal | undefined {
    const rule = this.rules.get(address.toLowerCase()) ?? this.rules.get('*');
    if (rule === undefined || rule.times <= 0) return undefined;
    rule.times -= 1;
    return rule.refusal;
  }

  plan(outcome: Exclude<DataOutcome, 'take'>, times: number): void {
    for (let i = 0; i < times; i += 1) this.planned.push(outcome);
  }

  nextOutcome(): DataOutcome {
    return this.planned.shift() ?? 'take';
  }
}
