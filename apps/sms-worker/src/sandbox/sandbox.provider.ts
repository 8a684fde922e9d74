import { randomUUID } from 'node:crypto';
import { hopeless, inDoubt, refusalOf, throttled } from '../deliver/provider-verdict.js';
import type { AcceptedSms, OutgoingSms, SentSms, SmsFate, SmsProvider } from '../deliver/sms-provider.js';
import { sandboxBehaviour } from './sandbox-phones.js';
import type { SandboxStore } from './sandbox-store.js';

const DELIVERED_AFTER_MS = 1_000;
const LATE_AFTER_MS = 30_000;
const THROTTLED_MS = 5_000;

/** Sends nothing: keeps what would have been sent, for the page at /sandbox, and does on wish what providers do at their worst. */
export class SandboxProvider implements SmsProvider {
  readonly name = 'sandbox';
  readonly takesFreeText = true;
  readonly takesTemplates = true;

  constructor(
    private readonly store: SandboxStore,
    private readonly now: () => number = Date.now,
  ) {}

  async send({ phone, text, template, deliveryId }: OutgoingSms): Promise<AcceptedSms> {
    const behaviour = sandboxBehaviour(phone);
    if (behaviour === 'reject') throw refusalOf('sandbox', 'REJECTED', hopeless('this phone is always refused'));
    if (behaviour === 'throttle') throw refusalOf('sandbox', 'THROTTLED', throttled('this phone is always throttled', THROTTLED_MS));
    const lost = refusalOf('sandbox', 'ANSWER_LOST', inDoubt('this phone never gets an answer'));
    if (behaviour === 'swallow') throw lost;
    const sentAt = this.now();
    const id = randomUUID();
    await this.store.add(
      { id, deliveryId, phone, sentAt, ...(text === undefined ? {} : { text }), ...(template === undefined ? {} : { template: { id: template.id, parameters: template.parameters } }) },
      { state: behaviour === 'not-deliver' ? 'undelivered' : 'delivered', dueAt: sentAt + (behaviour === 'deliver-late' ? LATE_AFTER_MS : DELIVERED_AFTER_MS) },
    );
    if (behaviour === 'lose-answer') throw lost;
    return { providerMessageId: id };
  }

  /** Knows at once what it has, so what it has not it never saw. */
  readonly query = async ({ deliveryId, providerMessageId }: SentSms): Promise<SmsFate> => {
    const found = await this.store.find({ id: providerMessageId, deliveryId });
    return found === undefined ? { state: 'never-seen' } : sandboxFate(found.id, found.state);
  };
}

/** A state of the sandbox as a fate. */
export function sandboxFate(id: string, state: 'sent' | 'delivered' | 'undelivered'): SmsFate {
  if (state === 'undelivered') return { state: 'failed', providerMessageId: id, code: 'UNDELIVERED', reason: 'the phone of the sandbox takes no SMS' };
  return { state, providerMessageId: id };
}
