import { AngariumError } from '@angarium/errors';
import type { Twilio } from 'twilio';
import { twilioReceiptUrl } from '../../receive/receipt-url.js';
import { ProviderClient, type ProviderCall, unreadable } from '../provider-call.js';
import { refusalOf } from '../provider-verdict.js';
import type { AcceptedSms, OutgoingSms, SentSms, SmsFate, SmsProvider } from '../sms-provider.js';
import { unseenFate } from '../unseen-fate.js';
import { judgeTwilio } from './twilio-codes.js';
import { twilioFate } from './twilio-fate.js';
import { twilioHttpClient } from './twilio-http-client.js';

export interface TwilioOptions {
  /** `AC…` */
  readonly accountSid: string;
  readonly authToken: string;
  /** One of the two; a messaging service chooses the sender itself. */
  readonly from?: string | undefined;
  readonly messagingServiceSid?: string | undefined;
  readonly baseUrl: string;
  /** Where receipts go; undefined: Twilio sends none. */
  readonly publicUrl?: string | undefined;
}

/** Twilio takes 1 to 36 000 seconds. */
const MAX_VALIDITY_S = 36_000;
/** What a search takes for the SMS that was sent then: to the same phone, created in this window around it. Our clock and theirs differ a little. */
const EARLIER_MS = 5_000;
const LATER_MS = 60_000;

/** Twilio by its official SDK, which is loaded with the first SMS: it costs 30 MB that most installations do not need. */
export class TwilioProvider implements SmsProvider {
  readonly name = 'twilio';
  readonly takesFreeText = true;
  readonly takesTemplates = true;

  constructor(
    private readonly client: ProviderClient,
    private readonly options: TwilioOptions,
  ) {}

  async send(sms: OutgoingSms, signal: AbortSignal): Promise<AcceptedSms> {
    const call = this.client.call('twilio', 'sends', signal);
    const sdk = await this.sdk(call);
    const { from, messagingServiceSid, publicUrl } = this.options;
    const message = await translated(call, () =>
      sdk.messages.create({
        to: sms.phone,
        ...(messagingServiceSid === undefined ? { from } : { messagingServiceSid }),
        ...contentOf(sms),
        // by this query the receipt finds its SMS even when it comes before the answer
        ...(publicUrl === undefined ? {} : { statusCallback: twilioReceiptUrl(publicUrl, sms.deliveryId) }),
        ...(sms.validityMs === undefined ? {} : { validityPeriod: Math.min(MAX_VALIDITY_S, Math.max(1, Math.ceil(sms.validityMs / 1_000))) }),
      }),
    );
    if (typeof message.sid !== 'string' || message.sid === '') throw unreadable(call, 'NO_SID');
    // a message can be refused by the answer that creates it
    const fate = twilioFate(message.sid, message.status, numberText(message.errorCode));
    if (fate.state === 'failed') throw refusalOf('twilio', fate.code, judgeTwilio(fate.code, 400));
    const segments = Number(message.numSegments);
    const amount = Math.abs(Number(message.price ?? Number.NaN));
    return {
      providerMessageId: message.sid,
      ...(segments > 0 ? { segments } : {}),
      ...(Number.isFinite(amount) ? { price: { amount, currency: message.priceUnit } } : {}),
    };
  }

  readonly query = async ({ phone, providerMessageId, sentAt }: SentSms, signal: AbortSignal): Promise<SmsFate> => {
    const call = this.client.call('twilio', 'asks', signal);
    const sdk = await this.sdk(call);
    if (providerMessageId !== undefined) {
      const found = await translated(call, () => sdk.messages(providerMessageId).fetch()).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      return found === undefined ? unseenFate(sentAt) : twilioFate(found.sid, found.status, numberText(found.errorCode), found.dateUpdated);
    }
    // not by dateSent, which a queued message has not yet; messages carry nothing of ours that could be searched for
    const listed = await translated(call, () => sdk.messages.list({ to: phone, limit: 20 }));
    const from = sentAt.getTime() - EARLIER_MS;
    const candidates = listed.filter(({ dateCreated }) => dateCreated.getTime() >= from && dateCreated.getTime() <= sentAt.getTime() + LATER_MS);
    const [only] = candidates;
    if (only === undefined) return unseenFate(sentAt);
    // two to one phone in a minute: nobody can say which is ours
    return candidates.length > 1 ? { state: 'unknown' } : twilioFate(only.sid, only.status, numberText(only.errorCode), only.dateUpdated);
  };

  private async sdk(call: ProviderCall): Promise<Twilio> {
    const { default: twilio } = await import('twilio');
    const sdk = twilio(this.options.accountSid, this.options.authToken, { httpClient: twilioHttpClient(this.client, call), autoRetry: false });
    sdk.api.baseUrl = this.options.baseUrl;
    return sdk;
  }
}

function contentOf({ text, template }: OutgoingSms): { body?: string; contentSid?: string; contentVariables?: string } {
  if (template !== undefined) return { contentSid: template.id, contentVariables: JSON.stringify(template.parameters) };
  return { body: text ?? '' };
}

/** The SDK's RestException by its code and status; what our own client threw passes. */
async function translated<T>(call: ProviderCall, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AngariumError) throw error;
    const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
    if (typeof status !== 'number') throw unreadable(call, 'NO_STATUS');
    const text = numberText(code) ?? String(status);
    const verdict = judgeTwilio(text, status);
    throw refusalOf('twilio', text, call.effect === 'asks' && verdict.kind === 'unknown' ? { kind: 'away', reason: verdict.reason } : verdict);
  }
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof AngariumError ? (error.details as { code?: unknown } | undefined)?.code : undefined;
  return code === '20404' || code === '404';
}

function numberText(value: unknown): string | undefined {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? String(value) : undefined;
}
