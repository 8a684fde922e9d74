import { toAngariumError } from '@angarium/errors';
import type { Mail } from '../compose/mail.js';
import type { Sender } from '../senders/sender.js';
import { refusalsOf, type DeliveryResult } from './mail-transport.js';
import type { MailPace } from './limits/mail-pace.js';
import { recipientsOf } from './recipients-of.js';

/** Answers by which a domain says "slower" (RFC 5321 4.2.3, and what large providers make of it). */
const slowerCodes = new Set([421, 450, 451, 452]);

export interface DeliverOptions {
  readonly signal: AbortSignal;
  /** How long it may wait for its turn before it gives up with EMAIL_RATE_LIMITED. */
  readonly patienceMs: number;
}

/** Hands one mail to its sender's server, at the pace that sender and receiving domains allow. */
export class DeliverMail {
  constructor(private readonly pace: MailPace) {}

  /** @throws EMAIL_RATE_LIMITED, and what MailTransport.send throws. */
  async send(sender: Sender, mail: Mail, { signal, patienceMs }: DeliverOptions): Promise<DeliveryResult> {
    const told = recipientsOf(mail);
    await this.pace.take(sender, told.map(domainOf), { signal, patienceMs });
    try {
      const result = await sender.transport.send(mail, signal);
      const slow = result.refusals.filter(({ smtp }) => smtp !== undefined && slowerCodes.has(smtp)).map(({ index }) => domainOf(told[index] ?? ''));
      this.pace.slowDown(slow);
      return result;
    } catch (error) {
      this.pace.slowDown(domainsThatSlow(error, told));
      throw error;
    }
  }
}

/** The domains of the refused recipients; where the server named none, all of the mail's. */
function domainsThatSlow(error: unknown, told: readonly string[]): string[] {
  const { code, details } = toAngariumError(error);
  if (code !== 'EMAIL_DEFERRED') return [];
  const refusals = refusalsOf(details);
  if (refusals.length > 0) return refusals.filter(({ smtp }) => smtp !== undefined && slowerCodes.has(smtp)).map(({ index }) => domainOf(told[index] ?? ''));
  const { smtp } = (details ?? {}) as { smtp?: number };
  return smtp !== undefined && slowerCodes.has(smtp) ? told.map(domainOf) : [];
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
