import type { Mail } from '../compose/mail.js';

/** One recipient that the mail server refused. */
export interface Refusal {
  /** Its place among the mail's recipients: to, cc, bcc, one after the other. */
  readonly index: number;
  readonly smtp?: number;
  /** The server's text, without addresses. */
  readonly reason: string;
}

/** What became of a mail that the mail server took for at least one recipient. */
export interface DeliveryResult {
  readonly acceptedCount: number;
  /** Recipients that the server refused while it took the mail for others. */
  readonly rejectedCount: number;
  /** The server's first refusal, without addresses. */
  readonly rejection?: string;
  readonly refusals: readonly Refusal[];
}

/**
 * The one way out. An adapter hands a mail to its kind of provider and translates what comes back, so that nobody behind it knows SMTP.
 */
export abstract class MailTransport {
  /**
   * Resolves when the provider took responsibility for the mail.
   * @param signal ends the attempt; what it is rejected with then says whether the mail can have gone out.
   * @throws EMAIL_REFUSED, EMAIL_DEFERRED (both with `details.refusals` where recipients were refused), EMAIL_OUTCOME_UNKNOWN,
   *   SMTP_UNAVAILABLE, SMTP_LOGIN_REFUSED.
   */
  abstract send(mail: Mail, signal: AbortSignal): Promise<DeliveryResult>;

  /** Ends its connections; mails in flight fail. Idempotent. */
  abstract close(): void;
}

/** The refusals that an error of `send` carries. */
export function refusalsOf(details: unknown): readonly Refusal[] {
  const { refusals } = (typeof details === 'object' && details !== null ? details : {}) as { refusals?: readonly Refusal[] };
  return refusals ?? [];
}
