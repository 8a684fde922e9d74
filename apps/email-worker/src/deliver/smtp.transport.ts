import { randomUUID } from 'node:crypto';
import { createTransport, type SendMailOptions, type Transporter, type SMTPPoolOptions, type SMTPPoolSentMessageInfo } from 'nodemailer';
import DKIM from 'nodemailer/lib/dkim';
import type { Mail, Mailbox } from '../compose/mail.js';
import { addressKey } from '../report/recipient-key.js';
import { describeReply } from './describe-reply.js';
import type { DkimOptions } from './dkim.js';
import { MailTransport, type DeliveryResult, type Refusal } from './mail-transport.js';
import { recipientsOf } from './recipients-of.js';
import type { SmtpAddress } from './smtp-address.js';
import { translateSmtpError, type SendingStage, type SmtpFailure } from './translate-smtp-error.js';
import { watchContent } from './watch-content.js';
import { writeSmallMail } from './write-small-mail.js';

export interface SmtpTransportOptions {
  readonly server: SmtpAddress;
  readonly requireTls: boolean;
  /** Connections kept open; mails above that wait for one. */
  readonly connections: number;
  readonly timeoutMs: number;
  readonly dkim?: DkimOptions | undefined;
  /** Opens the sockets of a server that may only be a public one. Left out: nodemailer does. */
  readonly getSocket?: SMTPPoolOptions['getSocket'];
}

/** nodemailer hands mail options through to plugins; ours hears by this how far the mail came. */
type WatchedMail = SendMailOptions & { readonly onStage: (stage: SendingStage) => void };

/** Pooled SMTP. Knows nodemailer; nobody else does. */
export class SmtpTransport extends MailTransport {
  private readonly transporter: Transporter<SMTPPoolSentMessageInfo, SMTPPoolOptions>;

  constructor(options: SmtpTransportOptions) {
    super();
    this.transporter = createTransport(poolOptions(options));
    const signer = options.dkim === undefined ? undefined : new DKIM(options.dkim);
    this.transporter.use('stream', (mail, done) => {
      const { onStage } = mail.data as unknown as WatchedMail;
      const asStream = mail.message.createReadStream.bind(mail.message);
      // called when a connection is ready and the conversation about this mail begins;
      // signing stands here and not in the options, because nodemailer's own would read ahead behind the watch
      mail.message.createReadStream = () => {
        onStage('envelope');
        const content = writeSmallMail(mail.message) ?? asStream();
        return watchContent(signer?.sign(content) ?? content, () => onStage('content'));
      };
      done();
    });
  }

  async send(mail: Mail, signal: AbortSignal): Promise<DeliveryResult> {
    const seen: { stage: SendingStage } = { stage: 'connecting' };
    const onStage = (stage: SendingStage): void => {
      seen.stage = stage;
    };
    try {
      const { accepted, rejected, rejectedErrors } = await this.transporter.sendMail({ ...toOptions(mail), signal, onStage } as WatchedMail);
      const refusals = readRefusals(mail, rejectedErrors);
      return {
        acceptedCount: accepted?.length ?? 0,
        rejectedCount: rejected?.length ?? 0,
        ...(refusals[0] === undefined ? {} : { rejection: refusals[0].reason }),
        refusals,
      };
    } catch (error) {
      if (signal.aborted && seen.stage !== 'content') throw signal.reason;
      throw translateSmtpError(error, seen.stage, readRefusals(mail, (error as { rejectedErrors?: unknown } | null)?.rejectedErrors));
    }
  }

  close(): void {
    this.transporter.close({ force: true });
  }
}

/** nodemailer names the recipients it was refused; from here on they are numbers. */
function readRefusals(mail: Mail, errors: unknown): Refusal[] {
  const places = new Map(recipientsOf(mail).map((address, index) => [addressKey(address), index]));
  return ((errors ?? []) as (SmtpFailure & { recipient?: string })[]).flatMap(({ recipient, responseCode, response }) => {
    const index = places.get(addressKey(recipient ?? ''));
    return index === undefined ? [] : [{ index, ...(responseCode === undefined ? {} : { smtp: responseCode }), reason: describeReply(response ?? 'refused') }];
  });
}

function poolOptions({ server, requireTls, connections, timeoutMs, getSocket }: SmtpTransportOptions): SMTPPoolOptions & { pool: true } {
  return {
    ...{ pool: true, host: server.host, port: server.port, secure: server.isTlsFromStart, requireTLS: requireTls && !server.isTlsFromStart },
    ...(server.login === undefined ? {} : { auth: server.login }),
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
    ...{ maxConnections: connections, maxMessages: 1_000, idleTimeout: 60_000 },
    // one: a pooled connection that the server closed meanwhile. More is the business of the job queue, which counts
    maxRequeues: 1,
    // a mail is bytes by now; whatever asks for a file or an address to be fetched was smuggled in
    ...{ disableFileAccess: true, disableUrlAccess: true },
    ...(getSocket === undefined ? {} : { getSocket }),
    logger: false,
  };
}

function toOptions(mail: Mail): SendMailOptions {
  const { messageId, from, to, cc, bcc, replyTo, subject, text, html, attachments, headers } = mail;
  return {
    messageId,
    from: toMailbox(from),
    // objects, because a text would be parsed again, with more liberties than we allow
    ...{ to: to.map(toPlain), cc: cc.map(toPlain), bcc: bcc.map(toPlain) },
    ...(replyTo === undefined ? {} : { replyTo: toPlain(replyTo) }),
    subject,
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(text === undefined ? {} : { text }),
    ...(html === undefined ? {} : { html }),
    attachments: attachments.map((it) => ({ ...it })),
    ...{ disableFileAccess: true, disableUrlAccess: true },
    // nodemailer would ask the system for random bytes, each mail
    baseBoundary: randomUUID(),
  };
}

function toMailbox({ name = '', address }: Mailbox) {
  return { name, address };
}

function toPlain(address: string) {
  return { name: '', address };
}
