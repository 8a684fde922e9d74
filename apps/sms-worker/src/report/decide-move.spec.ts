import fc from 'fast-check';
import type { DeliveryStatus } from '../claim/delivery.repository.js';
import { decideMove, type Move } from './decide-move.js';

const at = new Date();
const sent: Move = { to: 'sent', at };
const delivered: Move = { to: 'delivered', at };
const undelivered: Move = { to: 'undelivered', code: 'X', reason: 'x', at };
const failed: Move = { to: 'failed', code: 'X', reason: 'x', at };
const unknown: Move = { to: 'unknown', reason: 'x', at };

function after(moves: readonly Move[]) {
  let [status, isClosed]: [DeliveryStatus, boolean] = ['sending', false];
  const tells: string[] = [];
  for (const move of moves) {
    const decision = decideMove(status, isClosed, move);
    if (decision === undefined) continue;
    status = decision.status;
    isClosed = status !== 'sent';
    tells.push(...decision.tells);
  }
  return { status, tells };
}

describe('news of an SMS', () => {
  it('are told once, however often and in whatever order they come', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([sent, sent, sent, delivered, delivered], { minLength: 5 }), (moves) => {
        const { status, tells } = after(moves);
        return status === 'delivered' && tells.join() === 'sent,delivered';
      }),
    );
  });

  it('of a delivery tell of the sending too, when they come before the answer of the provider', () => {
    expect(after([delivered, sent])).toEqual({ status: 'delivered', tells: ['sent', 'delivered'] });
  });

  it('never leave an end again', () => {
    const any = fc.constantFrom(sent, delivered, undelivered, failed, unknown);
    fc.assert(
      fc.property(fc.constantFrom<DeliveryStatus>('delivered', 'undelivered', 'failed'), any, (status, move) => decideMove(status, true, move) === undefined),
    );
  });

  it('that come after all hope was given up still count: unknown is no end for a receipt', () => {
    expect(after([unknown, delivered])).toEqual({ status: 'delivered', tells: ['failed', 'sent', 'delivered'] });
  });

  it('of our own giving up do not touch what a provider may have', () => {
    expect(decideMove('sending', false, failed)).toBeUndefined();
    expect(decideMove('unknown', false, failed)).toBeUndefined();
    expect(decideMove('sent', false, failed)).toBeUndefined();
  });
});
