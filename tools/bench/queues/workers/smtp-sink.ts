import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { Ledger, type Received, type Schedule } from '../../transport/ledger.js';
import { serveWorker } from '../../process/serve-worker.js';

/** The number that the load generator put into the subject. */
const subject = /^Subject: bench (\S+)\r$/m;

const ledger = new Ledger();
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  logger: false,
  onData: (stream, _session, done) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const id = subject.exec(Buffer.concat(chunks).toString('latin1'))?.[1];
      if (id !== undefined) ledger.take(id);
      done(id === undefined ? Object.assign(new Error('no number'), { responseCode: 554 }) : null);
    });
  },
});

const commands = {
  url: () => Promise.resolve(`smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`),
  begin: ({ phase, schedule }: { phase: number; schedule?: Schedule }): Promise<void> => Promise.resolve(ledger.begin(phase, schedule)),
  collect: ({ count, quietMs }: { count: number; quietMs: number }): Promise<Received> => ledger.collect(count, quietMs),
};
export type SmtpSinkCommands = typeof commands;

/** A mail server that takes every mail, throws it away and keeps the ledger. */
await serveWorker(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { commands, stop: () => new Promise<void>((resolve) => server.close(() => resolve())) };
});
