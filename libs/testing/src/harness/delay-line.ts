import type { Socket } from 'node:net';

/** When the line hands on what it holds. */
export interface LineState {
  readonly isHeld: boolean;
  readonly latencyMs: number;
}

type Item = { readonly cameAt: number } & ({ readonly bytes: Buffer } | { readonly close: 'end' | 'reset' });

/** A sender is not read further while this much waits: it then sees what a slow peer shows it, a full window. */
const maxHeldBytes = 4_000_000;

/** Ends a connection by RST. Where its FIN is on its way, Node cannot: it would leave the socket open for ever, so that one is closed. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** One direction of a connection: bytes, and the way it closes, go from one socket to the other, in order, late or held. */
export class DelayLine {
  private readonly items: Item[] = [];
  private heldBytes = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly state: () => LineState,
  ) {
    const push = (item: { bytes: Buffer } | { close: 'end' | 'reset' }) => {
      this.items.push({ ...item, cameAt: performance.now() });
      this.flush();
    };
    from.on('data', (bytes: Buffer) => {
      this.heldBytes += bytes.length;
      if (this.heldBytes > maxHeldBytes) from.pause();
      push({ bytes });
    });
    from.once('end', () => push({ close: 'end' }));
    from.once('error', () => push({ close: 'reset' }));
    to.on('drain', () => this.flush());
    to.once('close', () => this.clear());
  }

  /** Hands on what is due; called again by itself when more will be. */
  flush(): void {
    clearTimeout(this.timer);
    for (let item = this.items[0]; item !== undefined; item = this.items[0]) {
      if (this.state().isHeld || this.to.writableNeedDrain) return;
      const waitMs = item.cameAt + this.state().latencyMs - performance.now();
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.flush(), Math.ceil(waitMs));
        return;
      }
      this.items.shift();
      this.handOn(item);
    }
  }

  private handOn(item: Item): void {
    if ('bytes' in item) {
      this.heldBytes -= item.bytes.length;
      if (this.to.writable) this.to.write(item.bytes);
      if (this.heldBytes <= maxHeldBytes) this.from.resume();
    } else if (item.close === 'end') {
      this.to.end();
    } else {
      resetSocket(this.to);
    }
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.items.length = 0;
    this.heldBytes = 0;
    this.from.resume(); // what nobody takes any more is read and dropped, so that its end is seen
  }
}
