import { once } from 'node:events';
import type { Server } from 'node:net';
import { noted } from '../harness/started.js';
import { DeliveryFaults } from './delivery-faults.js';
import { mailApi } from './mail-api.js';
import { MailStore } from './mail-store.js';
import { readMail, type MailMessage } from './read-mail.js';
import { smtpDoor } from './smtp-door.js';

export interface InboxOptions {
  /** 0 (the default) takes a free one. */
  readonly smtpPort?: number;
  /** 0 (the default) takes a free one. */
  readonly httpPort?: number;
  /** Address to listen on; 127.0.0.1 by default. Whoever reaches it can read every mail. */
  readonly host?: string;
  /** How many mails are kept; 5 000 by default, then the oldest go. */
  readonly maxMessages?: number;
  /** How many bytes of mail are kept; 256 MB by default, then the oldest go. */
  readonly maxBytes?: number;
  /** Largest mail that is taken, in bytes; 25 MB by default. */
  readonly maxMessageBytes?: number;
}

/** A running inbox: every mail sent to it stays here and can be read. */
export interface Inbox {
  readonly smtpUrl: string;
  readonly smtpPort: number;
  readonly httpUrl: string;
  readonly httpPort: number;
  /** How many mails are kept now. */
  readonly count: number;
  /** All mails, newest first, parsed. */
  messages(): Promise<MailMessage[]>;
  clear(): void;

  /** From now on complete mails wait for `release` before they are stored and answered. A sender that leaves meanwhile leaves no mail. */
  hold(): void;
  release(): void;
  /** How many complete mails wait behind `hold`. */
  readonly waiting: number;
  /** Answers RCPT TO for this address (`*`: every address without a rule of its own) with an SMTP code, always or `times` times. */
  refuse(address: string, code: number, options?: { text?: string; times?: number }): void;
  /** Closes the connection in the middle of the next mails: they are not stored. */
  cutData(times?: number): void;
  /** Stores the next mails and closes the connection instead of answering: the sender cannot know. */
  loseAnswer(times?: number): void;
  /** Back to taking everything. */
  resetFaults(): void;

  /** Closes both ports and every connection at once. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts an SMTP server that keeps every mail in memory, and a web page and API to look at them.
 * @throws when a port is taken; the message names it.
 */
export async function startInbox(options: InboxOptions = {}): Promise<Inbox> {
  const { smtpPort = 0, httpPort = 0, host = '127.0.0.1', maxMessages = 5_000, maxBytes = 256_000_000, maxMessageBytes = 25_000_000 } = options;
  const store = new MailStore(maxMessages, maxBytes);
  const faults = new DeliveryFaults();
  const smtp = smtpDoor({ store, faults, maxMessageBytes });
  const http = mailApi(store);
  const stop = async () => {
    faults.reset();
    for (const connection of smtp.connections) connection._socket.destroy();
    http.closeAllConnections();
    await Promise.all([closed(smtp.server), closed(http)]);
  };
  try {
    const ports = [await listen(smtp.server, smtpPort, host, 'mail (SMTP)'), await listen(http, httpPort, host, 'the inbox page')] as const;
    const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return noted('server', 'inbox', {
      smtpUrl: `smtp://${shownHost}:${ports[0]}`,
      smtpPort: ports[0],
      httpUrl: `http://${shownHost}:${ports[1]}`,
      httpPort: ports[1],
      get count() {
        return store.count;
      },
      get waiting() {
        return faults.waiting;
      },
      messages: () => Promise.all(store.all().map(async (it) => (await readMail(it)).message)),
      clear: () => store.remove(),
      hold: () => faults.hold(),
      release: () => faults.release(),
      refuse: (address, code, how) => faults.refuse(address, code, how),
      cutData: (times = 1) => faults.plan('cut', times),
      loseAnswer: (times = 1) => faults.plan('lose-answer', times),
      resetFaults: () => faults.reset(),
      stop,
    });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(server: Server, port: number, host: string, what: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${String(error)})`;
    throw new Error(`Port ${port} on ${host} for ${what} ${reason}. Choose another one.`, { cause: error });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Resolves when the server is closed; at once when it never listened. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
