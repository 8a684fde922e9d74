import { createClient } from '@angarium/client';
import { now } from '../../transport/clock.js';
import { OffsetLedger } from './offset-ledger.js';
import { serveWorker } from '../../process/serve-worker.js';

/** The broker waits as long for messages that are on their way. */
const WAIT_MS = 500;
/** Nothing new for this long: what is missing is lost. */
const QUIET_MS = 5_000;

export interface PullLoad {
  readonly url: string;
  readonly apiKey: string;
  readonly subscriptionId: string;
  readonly batchSize: number;
  /** Offsets 1 to `count` are expected. */
  readonly count: number;
}

export interface Pulled {
  readonly taken: number;
  readonly doubled: number;
  readonly unexpected: number;
  /** Acknowledgements that came too late. */
  readonly refused: number;
  readonly firstAt: number;
  /** When the last acknowledgement was answered. */
  readonly lastAt: number;
}

const commands = {
  /** Takes everything, one pull at a time; acknowledges a batch while the next one is on its way. */
  pull: async ({ url, apiKey, subscriptionId, batchSize, count }: PullLoad): Promise<Pulled> => {
    const client = createClient({ url, apiKey });
    const ledger = new OffsetLedger(count);
    const take = () => client.pull(subscriptionId, { max: batchSize, waitMs: WAIT_MS });
    const firstAt = now();
    let [changedAt, refused] = [firstAt, 0];
    let acknowledging: Promise<unknown> = Promise.resolve();
    let isMore = true;
    for (let next = take(); isMore; ) {
      const { messages } = await next;
      for (const { offset } of messages) ledger.take(offset);
      if (messages.length > 0) changedAt = now();
      isMore = ledger.taken < count && now() - changedAt < QUIET_MS;
      if (isMore) next = take();
      await acknowledging;
      if (messages.length === 0) continue;
      acknowledging = client.ack(subscriptionId, messages.map(({ receipt }) => receipt)).then((it) => (refused += it.refused.length));
    }
    await acknowledging;
    const { taken, doubled, unexpected } = ledger;
    return { taken, doubled, unexpected, refused, firstAt, lastAt: now() };
  },
};
export type PullerCommands = typeof commands;

await serveWorker<null, PullerCommands>(() => ({ commands, stop: () => Promise.resolve() }));
