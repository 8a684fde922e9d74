import { describeReply } from './describe-reply.js';
import { translateSmtpError, type SendingStage, type SmtpFailure } from './translate-smtp-error.js';

type Row = [what: string, stage: SendingStage, failure: SmtpFailure, code: string, retry: string];

describe('what the mail server said', () => {
  it.each<Row>([
    ['nobody listens', 'connecting', { code: 'ESOCKET', originalCode: 'ECONNREFUSED', command: 'CONN' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['no such host', 'connecting', { code: 'EDNS', originalCode: 'ENOTFOUND', command: 'CONN' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['no greeting', 'connecting', { code: 'ETIMEDOUT', command: 'CONN' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['a greeting that sends us away', 'connecting', { code: 'EPROTOCOL', responseCode: 554, response: '554 no' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['no TLS', 'connecting', { code: 'ETLS', command: 'STARTTLS' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['a wrong password', 'connecting', { code: 'EAUTH', responseCode: 535, response: '535 no', command: 'AUTH PLAIN' }, 'SMTP_LOGIN_REFUSED', 'when-available'],
    ['the pool was closed', 'connecting', {}, 'SMTP_UNAVAILABLE', 'when-available'],
    ['the sender is refused', 'envelope', { code: 'EENVELOPE', responseCode: 553, response: '553 no', command: 'MAIL FROM' }, 'EMAIL_REFUSED', 'never'],
    ['all recipients are refused', 'envelope', { code: 'EENVELOPE', responseCode: 550, response: '550 no', command: 'RCPT TO' }, 'EMAIL_REFUSED', 'never'],
    ['greylisting', 'envelope', { code: 'EENVELOPE', responseCode: 451, response: '451 later', command: 'RCPT TO' }, 'EMAIL_DEFERRED', 'later'],
    ['a session out of step', 'envelope', { code: 'EENVELOPE', responseCode: 503, response: '503 what?' }, 'EMAIL_DEFERRED', 'later'],
    ['the server closes', 'envelope', { code: 'ECONNECTION', responseCode: 421, response: '421 bye' }, 'EMAIL_DEFERRED', 'later'],
    ['the line is cut before DATA', 'envelope', { code: 'ECONNECTION', command: 'CONN' }, 'SMTP_UNAVAILABLE', 'when-available'],
    ['the mail is refused after DATA', 'content', { code: 'EMESSAGE', responseCode: 554, response: '554 spam', command: 'DATA' }, 'EMAIL_REFUSED', 'never'],
    ['the mail is too large', 'content', { code: 'EMESSAGE', responseCode: 552, response: '552 large', command: 'DATA' }, 'EMAIL_REFUSED', 'never'],
    ['the disk is full', 'content', { code: 'EMESSAGE', responseCode: 452, response: '452 full', command: 'DATA' }, 'EMAIL_DEFERRED', 'later'],
    ['the line is cut after DATA', 'content', { code: 'ECONNECTION', command: 'CONN' }, 'EMAIL_OUTCOME_UNKNOWN', 'never'],
    ['no answer after DATA', 'content', { code: 'ETIMEDOUT', command: 'CONN' }, 'EMAIL_OUTCOME_UNKNOWN', 'never'],
    ['the attempt is aborted after DATA', 'content', { code: 'EABORT' }, 'EMAIL_OUTCOME_UNKNOWN', 'never'],
    ['nodemailer finds no recipient', 'envelope', { code: 'EENVELOPE', command: 'API' }, 'EMAIL_INVALID', 'never'],
  ])('%s (%s)', (_what, stage, failure, code, retry) => {
    expect(translateSmtpError(Object.assign(new Error('text that nobody reads'), failure), stage)).toMatchObject({ code, retry });
  });

  it('never takes for a refusal what is no answer of the server', () => {
    for (const stage of ['connecting', 'envelope', 'content'] as const) {
      for (const strange of [undefined, null, 'text', new Error('550 looks like a refusal'), { code: 'NEW' }]) expect(translateSmtpError(strange, stage).code).not.toBe('EMAIL_REFUSED');
    }
  });

  it('is told without addresses, in one line of at most 500 characters', () => {
    expect(describeReply('550 5.1.1 <ada@example.com>: Recipient\r\n550 ada+x@b.co rejected')).toBe('550 5.1.1 <address>: Recipient 550 address rejected');
    expect(describeReply(`550 ${'x'.repeat(1_000)}`)).toHaveLength(500);
  });
});
