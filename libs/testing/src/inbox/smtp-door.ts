import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { DeliveryFaults } from './delivery-faults.js';
import type { MailStore } from './mail-store.js';

export interface SmtpDoorOptions {
  readonly store: MailStore;
  readonly faults: DeliveryFaults;
  /** Largest mail that is taken, in bytes; larger ones are refused with 552. */
  readonly maxMessageBytes: number;
}

/**
 * The SMTP side of the inbox: takes every mail for every address, with or without a login, in clear text.
 * A mail is in the store before its 250 goes out; a session that is gone by then leaves none
 * (`lose-answer` is the planned exception).
 */
export function smtpDoor({ store, faults, maxMessageBytes }: SmtpDoorOptions): SMTPServer {
  const server = new SMTPServer({
    name: 'angarium-inbox',
    banner: 'Angarium inbox: nothing leaves this machine',
    authOptional: true,
    allowInsecureAuth: true,
    // The certificate would be self-signed, and clients that upgrade when they can would then refuse to send.
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: maxMessageBytes,
    rejectOversized: true,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anonymous' }),
    onRcptTo: ({ address }, _session, done) => {
      const refusal = faults.refusalOf(address);
      done(refusal === undefined ? null : Object.assign(new Error(refusal.text), { responseCode: refusal.code }));
    },
    onData: (stream, session, done) => {
      receive(stream, session).then(
        () => done(null),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
    onClose: (session) => faults.leave(session.id),
  });
  // A client that vanishes is daily life for an inbox, and what fault tests do on purpose.
  server.on('error', () => undefined);

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    const outcome = faults.nextOutcome();
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (outcome === 'cut') return hangUp(session);
      if (!stream.sizeExceeded) chunks.push(chunk);
    }
    if (stream.sizeExceeded) return;
    if (!(await faults.pass(session.id))) return;
    store.add({
      raw: Buffer.concat(chunks),
      envelope: {
        from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map((it) => it.address),
      },
      username: typeof session.user === 'string' ? session.user : '',
    });
    if (outcome === 'lose-answer') hangUp(session);
  }

  function hangUp(session: SMTPServerSession): void {
    for (const connection of server.connections) {
      if (connection.id === session.id) connection._socket.destroy();
    }
  }

  return server;
}
