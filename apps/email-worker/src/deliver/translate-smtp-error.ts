import { AngariumError } from '@angarium/errors';
import { EmailErrors } from '../errors.js';
import { describeReply } from './describe-reply.js';
import type { Refusal } from './mail-transport.js';

/**
 * How far the mail had come when something failed:
 * `connecting` no session yet; `envelope` sender and recipients are being named; `content` the server asked for the text and it went out.
 */
export type SendingStage = 'connecting' | 'envelope' | 'content';

/** What nodemailer tells of a failure. */
export interface SmtpFailure {
  /** nodemailer's word: EAUTH, ECONNECTION, EENVELOPE … */
  readonly code?: string | undefined;
  /** What the operating system said: ECONNREFUSED … */
  readonly originalCode?: string | undefined;
  /** The server's answer, where there is one. */
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  /** The SMTP command that was answered, or `API` and `CONN` for nodemailer's own steps. */
  readonly command?: string | undefined;
}

/** Faults of the mail itself that nodemailer finds before it says a word to the server. */
const ownFaults = new Set(['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS']);
const loginFaults = new Set(['EAUTH', 'ENOAUTH', 'EOAUTH2', 'EREQUIRETLS']);

/**
 * Translates a failure once, by code and stage:
 *
 * | stage | answer | meaning |
 * |---|---|---|
 * | connecting | any, or none | the server, not the mail, is the matter: it waits and costs no attempt |
 * | envelope, content | 5xx | refused for good (503, a session out of step, is not) |
 * | envelope, content | 4xx | later |
 * | envelope | none | nothing of the mail went out: waits, costs no attempt |
 * | content | none | the server may have taken it. Not to send again could lose it, to send again could double it. Nobody here can
 *   know, so it is not sent again unless its order says so or a person asks; either time with the same Message-ID. |
 *
 * @param refusals recipients that the server refused; handed on in the details.
 */
export function translateSmtpError(error: unknown, stage: SendingStage, refusals: readonly Refusal[] = []): AngariumError {
  if (error instanceof AngariumError) return error;
  const failure = (typeof error === 'object' && error !== null ? error : {}) as SmtpFailure;
  const { code, originalCode, responseCode, response, command } = failure;
  const details = { stage, smtp: responseCode, reason: originalCode ?? code, ...(refusals.length === 0 ? {} : { refusals }) };
  const reply = response === undefined ? undefined : describeReply(response);

  if (code !== undefined && loginFaults.has(code)) {
    return EmailErrors.SMTP_LOGIN_REFUSED(`The mail server refused the session (${reply ?? code}). Correct SMTP_URL and restart; mails wait meanwhile.`, { details });
  }
  if (responseCode === undefined && command === 'API' && code !== undefined && ownFaults.has(code)) {
    return EmailErrors.EMAIL_INVALID(`The mail cannot be put into SMTP (${code}). Check its recipients and content.`, { details });
  }
  if (stage === 'connecting') {
    return EmailErrors.SMTP_UNAVAILABLE(`The mail server does not answer as it should (${reply ?? originalCode ?? code ?? 'unknown'}). Mails wait until it does.`, { details });
  }
  if (responseCode !== undefined && responseCode >= 400) {
    const isForGood = responseCode >= 500 && responseCode !== 503;
    return isForGood ? EmailErrors.EMAIL_REFUSED(reply, { details }) : EmailErrors.EMAIL_DEFERRED(reply, { details });
  }
  const reason = originalCode ?? code ?? 'unknown';
  if (stage === 'envelope') {
    return EmailErrors.SMTP_UNAVAILABLE(`The mail server left before the mail went out (${reason}). The mail waits until it is back.`, { details });
  }
  return EmailErrors.EMAIL_OUTCOME_UNKNOWN(`The mail server left without an answer after the mail went out (${reason}). It may have arrived, and is not sent again by itself. Retry the job to send it once more, with the same Message-ID.`, { details });
}
