import type { DeliveryStatus } from '../claim/delivery.repository.js';

/** What became of an SMS, from whichever side it is heard: the provider's answer, a query, a receipt. */
export type Move =
  | { readonly to: 'sent'; readonly providerMessageId?: string; readonly segments?: number; readonly price?: { readonly amount: number; readonly currency: string }; readonly at: Date }
  | { readonly to: 'delivered'; readonly providerMessageId?: string; readonly at: Date }
  /** The provider had it, and the phone did not get it. */
  | { readonly to: 'undelivered'; readonly providerMessageId?: string; readonly code: string; readonly reason: string; readonly at: Date }
  /** Given up; nothing went out. */
  | { readonly to: 'failed'; readonly code: string; readonly reason: string; readonly at: Date }
  /** Nobody can say, and nobody asks any more. */
  | { readonly to: 'unknown'; readonly reason: string; readonly at: Date };

/** What is told of a move: events, in order. */
export interface Decision {
  readonly status: DeliveryStatus;
  readonly tells: readonly ('sent' | 'delivered' | 'failed')[];
}

/**
 * The states of an SMS as its news come in, early, late, twice or in the wrong order:
 *
 *   claimed → sending → sent → delivered
 *      ↓         ↓       ↑  ↘ undelivered
 *   failed       → unknown
 *
 * `delivered`, `undelivered` and `failed` are the end. What brings nothing new changes nothing. News of a delivery tell of the sending
 * too, where that was not known. Pure.
 * @returns undefined where nothing changes
 */
export function decideMove(status: DeliveryStatus, isClosed: boolean, move: Move): Decision | undefined {
  const isOpen = status === 'claimed' || status === 'sending' || status === 'unknown';
  switch (move.to) {
    case 'sent':
      return isOpen ? { status: 'sent', tells: ['sent'] } : undefined;
    case 'delivered':
      if (isOpen) return { status: 'delivered', tells: ['sent', 'delivered'] };
      return status === 'sent' ? { status: 'delivered', tells: ['delivered'] } : undefined;
    case 'undelivered':
      return isOpen || status === 'sent' ? { status: 'undelivered', tells: ['failed'] } : undefined;
    case 'failed':
      return status === 'claimed' ? { status: 'failed', tells: ['failed'] } : undefined;
    case 'unknown':
      return isOpen && !isClosed ? { status: 'unknown', tells: ['failed'] } : undefined;
  }
}
