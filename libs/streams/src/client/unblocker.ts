import { setTimeout as pause } from 'node:timers/promises';
import { ignoreError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';
import type { RedisConnection } from '@angarium/redis';

/** CLIENT UNBLOCK may overtake the read that it is to end; then it is sent again after this long. */
const AGAIN_MS = 2;

/** Ends the blocking read of one connection from another one, so that a change of what is read takes effect at once. */
export class Unblocker {
  private clientId: Promise<number | undefined> = Promise.resolve(undefined);
  private ended: object | undefined;

  /** @param unblock CLIENT UNBLOCK on another connection; answers 1 when the client was blocked. */
  constructor(
    private readonly connection: RedisConnection,
    private readonly unblock: (clientId: number) => Promise<number>,
    private readonly log: Logger,
  ) {
    connection.on('ready', () => this.learnClientId());
    if (connection.status === 'ready') this.learnClientId();
  }

  /** Repeated until `isReading` says that the read is over. Never rejects: without the right to CLIENT the read ends after its blockMs. */
  async end(read: object, isReading: () => boolean): Promise<void> {
    if (this.ended === read) return;
    this.ended = read;
    const clientId = await this.clientId;
    if (clientId === undefined) return;
    try {
      while (isReading() && (await this.unblock(clientId)) !== 1) await pause(AGAIN_MS);
    } catch (error) {
      ignoreError(this.log, 'streams.unblock', 'the read ends by itself within its blockMs')(error);
    }
  }

  /** Every socket has another id. */
  private learnClientId(): void {
    this.clientId = (this.connection as { client(subcommand: 'ID'): Promise<number> }).client('ID').catch((error: unknown) => {
      ignoreError(this.log, 'streams.clientId', 'a change of what is read waits for blockMs then')(error);
      return undefined;
    });
  }
}
