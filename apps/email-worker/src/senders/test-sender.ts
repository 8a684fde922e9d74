import type { ResponseOf, TestEmailSender } from '@angarium/contracts';
import { toAngariumError } from '@angarium/errors';
import { createTransport, type SMTPPoolOptions } from 'nodemailer';
import { uuidV7 } from '../claim/uuid-v7.js';
import { describeReply } from '../deliver/describe-reply.js';
import { parseSmtpUrl, type SmtpAddress } from '../deliver/smtp-address.js';
import { translateSmtpError } from '../deliver/translate-smtp-error.js';
import { EmailErrors } from '../errors.js';
import type { Sender } from './sender.js';

type TestResult = ResponseOf<typeof TestEmailSender>;

export interface TestSenderOptions {
  readonly getSocket: NonNullable<SMTPPoolOptions['getSocket']>;
  readonly requireTls: boolean;
  readonly timeoutMs: number;
}

/** Tries a sender's server step by step on a connection of its own. What is wrong is the answer, not an error. */
export async function testSender(smtpUrl: string, sender: Sender, to: string | undefined, options: TestSenderOptions): Promise<TestResult> {
  const server = parseSmtpUrl(smtpUrl);
  if (server === undefined) throw EmailErrors.EMAIL_INVALID('smtpUrl is no server address; give smtp://user:password@host:port.', { details: { field: 'smtpUrl' } });
  const failure = await verify(server, options);
  const steps: TestResult['steps'] = [];
  if (failure !== undefined) {
    const isLogin = failure.code === 'SMTP_LOGIN_REFUSED';
    if (isLogin) steps.push({ step: 'connect', isOk: true });
    steps.push({ step: isLogin ? 'login' : 'connect', isOk: false, code: failure.code, said: describeReply(failure.message) });
    return { isOk: false, steps };
  }
  steps.push({ step: 'connect', isOk: true }, { step: 'login', isOk: true });
  if (to === undefined) return { isOk: true, steps };
  try {
    const domain = sender.from.address.slice(sender.from.address.lastIndexOf('@') + 1);
    const mail = { messageId: `<${uuidV7()}@${domain}>`, from: sender.from, to: [to], cc: [], bcc: [], subject: 'Test mail', text: 'This sender works.', attachments: [] };
    await sender.transport.send(mail, AbortSignal.timeout(options.timeoutMs));
    return { isOk: true, steps: [...steps, { step: 'send', isOk: true }] };
  } catch (error) {
    const { code, message } = toAngariumError(error);
    return { isOk: false, steps: [...steps, { step: 'send', isOk: false, code, said: describeReply(message) }] };
  }
}

async function verify(server: SmtpAddress, { getSocket, requireTls, timeoutMs }: TestSenderOptions) {
  const transporter = createTransport({
    ...{ host: server.host, port: server.port, secure: server.isTlsFromStart, requireTLS: requireTls && !server.isTlsFromStart },
    ...(server.login === undefined ? {} : { auth: server.login }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs, getSocket, logger: false },
  });
  try {
    await transporter.verify();
    return undefined;
  } catch (error) {
    return translateSmtpError(error, 'connecting');
  } finally {
    transporter.close();
  }
}
