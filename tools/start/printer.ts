import { formatLine } from './format-line.js';
import type { Colour, Paint } from './paint.js';

const palette: readonly Colour[] = ['cyan', 'magenta', 'blue', 'green', 'violet', 'teal', 'orange'];

/** Everything `npm start` writes goes through here, line by line, so that no two writers mix. */
export class Printer {
  private readonly colours = new Map<string, Colour>();
  private width = 8;

  constructor(
    readonly paint: Paint,
    private readonly write: (text: string) => void,
  ) {}

  /** Makes room for these names before their first line, so that all lines stand in one column. */
  expect(names: readonly string[]): void {
    this.width = Math.max(this.width, ...names.map((it) => it.length));
  }

  /** A line of our own. */
  say(text: string): void {
    this.write(`${text}\n`);
  }

  warn(text: string): void {
    this.say(this.paint(text, 'yellow'));
  }

  fail(text: string): void {
    this.say(this.paint(text, 'red'));
  }

  /** A line that a service wrote, behind its name. */
  line(name: string, text: string): void {
    const prefix = this.paint(`${name.padEnd(this.width)} │ `, this.colourOf(name));
    for (const it of formatLine(text, this.paint).split('\n')) this.write(`${prefix}${it}\n`);
  }

  /** Runs a step of the start: silent when it is quick, told from 1 s on and when it is done. */
  async step<T>(what: string, work: Promise<T>): Promise<T> {
    const began = performance.now();
    const timer = setTimeout(() => this.say(this.paint(`… ${what}`, 'grey')), 1_000);
    try {
      const result = await work;
      const ms = performance.now() - began;
      if (ms >= 1_000) this.say(`${this.paint('✓', 'green')} ${what} ${this.paint(seconds(ms), 'grey')}`);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  private colourOf(name: string): Colour {
    const service = name.replace(/\.\d+$/, '');
    const known = this.colours.get(service) ?? palette[this.colours.size % palette.length] ?? 'cyan';
    this.colours.set(service, known);
    return known;
  }
}

export const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
