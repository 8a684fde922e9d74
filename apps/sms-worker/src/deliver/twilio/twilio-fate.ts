import type { SmsFate } from '../sms-provider.js';
import { twilioReason } from './twilio-codes.js';

/** Twilio's status of a message as a fate; a status that came later than this code is `unknown`. */
export function twilioFate(sid: string, status: string, errorCode: string | undefined, at?: Date): SmsFate {
  const when = at === undefined ? {} : { at };
  switch (status) {
    case 'accepted':
    case 'scheduled':
    case 'queued':
      return { state: 'accepted', providerMessageId: sid, ...when };
    case 'sending':
    case 'sent':
      return { state: 'sent', providerMessageId: sid, ...when };
    case 'delivered':
    case 'read':
    case 'partially_delivered':
      return { state: 'delivered', providerMessageId: sid, ...when };
    case 'undelivered':
    case 'failed':
    case 'canceled': {
      const code = errorCode ?? status;
      return { state: 'failed', providerMessageId: sid, code, reason: twilioReason(code), ...when };
    }
    default:
      return { state: 'unknown' };
  }
}
