import { DatabaseErrors } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { waitFor } from '@angarium/testing';
import { OutcomeRecorder, type SentOutcome } from './outcome-recorder.js';
import type { Outcome } from './outcome.js';

const outcome: SentOutcome = {
  ...{ deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601', tenant: 'system', idempotencyKey: 'key', messageId: '<1@angarium.test>' },
  ...{ acceptedCount: 1, rejectedCount: 0, recipients: [], at: new Date() },
};
const other = (n: number): SentOutcome => ({ ...outcome, idempotencyKey: `key ${n}`, acceptedCount: n });

let open: OutcomeRecorder[] = [];
afterEach(() => {
  open.forEach((it) => it.stop());
  open = [];
});

/** A ledger that answers as a test lets it. */
function ledger(refuses: (it: Outcome) => boolean = () => false) {
  const state = { isAway: false, tries: 0, batches: [] as number[], told: 0 };
  const write = async (outcomes: readonly Outcome[]) => {
    await Promise.resolve();
    state.tries++;
    if (state.isAway) throw DatabaseErrors.DATABASE_UNAVAILABLE();
    if (outcomes.some(refuses)) throw new Error('does not fit');
    state.batches.push(outcomes.length);
  };
  const recorder = new OutcomeRecorder({
    ...{ write, onCommitted: () => state.told++, holdMs: 150 },
    ...{ source: { service: 'email-worker', instance: 'one' }, logger: silentLogger },
  });
  open.push(recorder);
  return { state, recorder };
}

describe('the outcome of a mail', () => {
  it('lets its event leave after the commit', async () => {
    const { state, recorder } = ledger();
    await recorder.recordSent(outcome);
    expect(state).toMatchObject({ batches: [1], told: 1 });
  });

  it('is written together with those that came while others were written', async () => {
    const { state, recorder } = ledger();
    await Promise.all([1, 2, 3, 4].map((n) => recorder.recordSent(other(n))));
    expect(state.batches).toEqual([1, 3]);
  });

  it('is written when Postgres is back, though its job was given back meanwhile', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    await expect(recorder.recordSent(outcome)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retry: { afterMs: 5_000 } });
    // the job comes again and finds it open
    await expect(recorder.settled(outcome)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    state.isAway = false;
    await waitFor(() => state.told === 1, { what: 'the commit' });
    await expect(recorder.settled(outcome)).resolves.toBeUndefined();
  });

  it('keeps no other from being written when it cannot be written itself', async () => {
    const { state, recorder } = ledger(({ row }) => 'acceptedCount' in row && row.acceptedCount === 2);
    const written = await Promise.allSettled([1, 2, 3, 4].map((n) => recorder.recordSent(other(n))));
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(state.told).toBe(3);
  });

  it('holds up no other mail', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    const waiting = recorder.recordSent(outcome).catch((error: unknown) => error);
    await expect(recorder.settled({ ...outcome, tenant: 'other' })).resolves.toBeUndefined();
    recorder.stop();
    await waiting;
  });

  it('is not tried again when the worker stops, and its job is given back', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    const waiting = recorder.recordSent(outcome).catch((error: unknown) => error);
    await waitFor(() => state.tries > 1, { what: 'some tries in vain' });
    recorder.stop();
    expect(await waiting).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const { tries } = state;
    await expect(recorder.recordSent(outcome)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(state.tries).toBe(tries);
  });

  it('is not told as an event that breaks its contract', async () => {
    const { recorder } = ledger();
    await expect(recorder.recordSent({ ...outcome, idempotencyKey: 'x'.repeat(201) })).rejects.toThrow('idempotencyKey');
  });
});
