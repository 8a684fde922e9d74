import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ledger, type Received, type Schedule } from '../../transport/ledger.js';
import { serveWorker } from '../../process/serve-worker.js';

/** `orderId` of the payload inside the webhook's body, without parsing all of it. */
const orderId = /"orderId":"([^"]+)"/;

const ledger = new Ledger();
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const id = orderId.exec(Buffer.concat(chunks).toString())?.[1];
    if (id !== undefined) ledger.take(id);
    response.writeHead(id === undefined ? 400 : 204).end();
  });
});

const commands = {
  url: () => Promise.resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`),
  begin: ({ phase, schedule }: { phase: number; schedule: Schedule }): Promise<void> => Promise.resolve(ledger.begin(phase, schedule)),
  collect: ({ count, quietMs }: { count: number; quietMs: number }): Promise<Received> => ledger.collect(count, quietMs),
};
export type SinkCommands = typeof commands;

/** The receiver of webhooks: answers 204 at once and keeps the ledger. */
await serveWorker(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { commands, stop };
});
