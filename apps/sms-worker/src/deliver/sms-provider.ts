import type { SmsProviderName } from '@angarium/contracts';

/** What a provider is given: one SMS to one phone. */
export interface OutgoingSms {
  /** E.164 with plus. */
  readonly phone: string;
  /** Free text, where the order had one or the provider takes no templates. */
  readonly text?: string;
  /** The provider's own template id with its parameters: by name (aliyun, twilio) or in order (tencent). */
  readonly template?: { readonly id: string; readonly signName?: string; readonly parameters: Readonly<Record<string, string>>; readonly ordered: readonly string[] };
  /** Our id of this SMS: OutId (aliyun), SessionContext (tencent), StatusCallback query (twilio). */
  readonly deliveryId: string;
  /** Milliseconds after which it is of no use; where the provider can be told. */
  readonly validityMs?: number;
}

/** The provider took responsibility. */
export interface AcceptedSms {
  readonly providerMessageId: string;
  readonly segments?: number;
  readonly price?: { readonly amount: number; readonly currency: string };
}

/** What became of an SMS, asked or told later. */
export type SmsFate =
  | { readonly state: 'accepted' | 'sent' | 'delivered'; readonly providerMessageId: string; readonly at?: Date }
  | { readonly state: 'failed'; readonly providerMessageId?: string; readonly code: string; readonly reason: string; readonly at?: Date }
  | { readonly state: 'unknown' }
  | { readonly state: 'never-seen' };

/** What is known about an SMS whose fate is asked for. */
export interface SentSms {
  readonly deliveryId: string;
  readonly phone: string;
  readonly providerMessageId?: string;
  readonly sentAt: Date;
}

/** One service that carries SMS. */
export interface SmsProvider {
  readonly name: SmsProviderName;
  /** Whether it takes free text, and whether it takes templates. */
  readonly takesFreeText: boolean;
  readonly takesTemplates: boolean;
  /**
   * Sends at most once: nothing is repeated in here.
   * @throws SMS_REJECTED (definite: not sent; details.mayFailover says whether another provider may take it), SMS_THROTTLED (definite, {afterMs}),
   * SMS_PROVIDER_AWAY (nothing went out), SMS_LOGIN_REFUSED (definite; our account, not the SMS), SMS_OUTCOME_UNKNOWN (may have been sent).
   */
  send(sms: OutgoingSms, signal: AbortSignal): Promise<AcceptedSms>;
  /**
   * Asks what became of it; undefined where the provider cannot be asked. Changes nothing. `never-seen` is only said of what
   * is older than a minute: providers list an SMS a moment after they took it; until then it is `unknown`.
   * @throws SMS_PROVIDER_AWAY when there is no answer, SMS_THROTTLED, SMS_LOGIN_REFUSED
   */
  readonly query?: (what: SentSms, signal: AbortSignal) => Promise<SmsFate>;
}
