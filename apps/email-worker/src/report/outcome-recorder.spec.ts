import { DatabaseErrors } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { OutcomeRecorder, type SentOutcome } from './outcome-recorder.js';

const outcome: SentOutcome = {
  ...{ deliveryId: '0190a6f0-9e30-7d5c-9f74-5c7181e4f601', tenant: 'system', idempotencyKey: 'key', messageId: '<1@angarium.test>' },
  ...{ acceptedCount: 1, rejectedCount: 0, at: new Date() },
};

/** A ledger that answers as a test lets it. */
function ledger() {
  const state = { isAway: false, tries: 0, commits: 0, told: 0 };
  const close = () => {
    state.tries++;
    if (state.isAway) return Promise.reject(DatabaseErrors.DATABASE_UNAVAILABLE());
    state.commits++;
    return Promise.resolve(true);
  };
  const recorder = new OutcomeRecorder(
    { close },
    { source: { service: 'email-worker', instance: 'one' }, logger: silentLogger, onCommitted: () => state.told++, holdMs: 120 },
  );
  return { state, recorder };
}

describe('the outcome of a mail', () => {
  it('lets its event leave after the commit', async () => {
    const { state, recorder } = ledger();
    await recorder.recordSent(outcome);
    expect(state).toMatchObject({ commits: 1, told: 1 });
  });

  it('is written when Postgres is back, though its job was given back meanwhile', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    await expect(recorder.recordSent(outcome)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retry: { afterMs: 5_000 } });
    // the job comes again and finds it open
    await expect(recorder.settled(outcome)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    state.isAway = false;
    await recorder.settled(outcome).catch(() => recorder.settled(outcome)); // the pause between two tries may be longer than one wait
    expect(state).toMatchObject({ commits: 1, told: 1 });
  });

  it('holds up no other mail', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    const waiting = recorder.recordSent(outcome).catch((error: unknown) => error);
    await expect(recorder.settled({ ...outcome, tenant: 'other' })).resolves.toBeUndefined();
    await waiting;
    recorder.stop();
  });

  it('is not tried again when the worker stops, and its job is given back', async () => {
    const { state, recorder } = ledger();
    state.isAway = true;
    const waiting = recorder.recordSent(outcome);
    recorder.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const { tries } = state;
    await expect(recorder.settled(outcome)).resolves.toBeUndefined();
    expect(state.tries).toBe(tries);
  });

  it('is not told as an event that breaks its contract', () => {
    const { recorder } = ledger();
    expect(() => recorder.recordSent({ ...outcome, idempotencyKey: 'x'.repeat(201) })).toThrow('idempotencyKey');
  });
});
