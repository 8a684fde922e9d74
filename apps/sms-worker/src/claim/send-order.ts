import type { PayloadOf, SendSms } from '@angarium/contracts';
import { toAngariumError, type AngariumError } from '@angarium/errors';
import type { JobContext } from '@angarium/queues';
import { parsePhones } from '../compose/parse-phone.js';
import { SmsErrors } from '../errors.js';
import type { SendToPhone, SentSms } from './send-to-phone.js';

/** What events and the ledger can carry. */
const MAX_KEY_LENGTH = 200;

/** What became of one phone of an order. Holds no phone. */
export type PhoneResult = SentSms | { readonly position: number; readonly status: 'failed'; readonly code: string; readonly reason: string };

/** What became of one order so far; `waiting` has the time after which the rest is to be tried. */
export interface OrderResult {
  readonly sms: readonly PhoneResult[];
  readonly waiting?: AngariumError;
  /** The first failure that is for good. */
  readonly failure?: AngariumError;
}

export interface SendOrderOptions {
  readonly sender: SendToPhone;
  readonly defaultRegion: string;
  /** How long limits may hold an SMS back before it fails. */
  readonly maxWaitMs: number;
}

/** Sends one order to each of its phones: one that fails spares the rest. Idempotent by the key. */
export class SendOrder {
  constructor(private readonly options: SendOrderOptions) {}

  /**
   * @param key of this order, where it is one of a batch; left out: that of the job
   * @throws SMS_PHONE_INVALID, SMS_INVALID; what is an outage of all (Postgres, Redis, every provider); what is neither known nor for good
   */
  async send(order: PayloadOf<typeof SendSms>, context: JobContext, key = context.idempotencyKey, waitFactor = 1): Promise<OrderResult> {
    if (key.length > MAX_KEY_LENGTH) {
      throw SmsErrors.SMS_INVALID(`The idempotency key has ${key.length} characters; at most ${MAX_KEY_LENGTH} are allowed. Use a shorter one.`);
    }
    const { sender, defaultRegion, maxWaitMs } = this.options;
    const { tenant, attempt, maxAttempts, isLastAttempt, signal } = context;
    const shared = { tenant, attempt, maxAttempts, isLastAttempt, signal, idempotencyKey: key, content: order, provider: order.provider, purpose: 'message' as const, maxWaitMs: maxWaitMs * waitFactor };
    const sms: PhoneResult[] = [];
    let waiting: AngariumError | undefined;
    let failure: AngariumError | undefined;
    for (const [position, phone] of parsePhones(order.phone, defaultRegion).entries()) {
      try {
        sms.push(await sender.send({ ...shared, position, phone }));
      } catch (thrown) {
        const error = toAngariumError(thrown);
        if (typeof error.retry === 'object') waiting = sooner(waiting, error);
        else if (error.retry === 'never' || (error.retry === 'later' && isLastAttempt)) {
          failure ??= error;
          sms.push({ position, status: 'failed', code: error.code, reason: error.message });
        } else throw error;
      }
    }
    return { sms, ...(waiting && { waiting }), ...(failure && { failure }) };
  }

  /** See SendToPhone.endAt. */
  endAt(context: JobContext): Promise<void> {
    return this.options.sender.endAt(context);
  }
}

/** Of two failures that say when to try again, the one that says so first. Pure. */
export function sooner(one: AngariumError | undefined, other: AngariumError | undefined): AngariumError | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const afterMs = ({ retry }: AngariumError) => (typeof retry === 'object' ? retry.afterMs : 0);
  return afterMs(other) < afterMs(one) ? other : one;
}
