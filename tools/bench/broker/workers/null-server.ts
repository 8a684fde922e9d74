import { fastify } from 'fastify';
import type { AddressInfo } from 'node:net';
import { serveWorker } from '../../process/serve-worker.js';

const BODY_LIMIT_BYTES = 20 * 1024 * 1024;
/** As long as what the broker answers to one message. */
const answer = { messageId: '0190a6f0-7c1e-7b3a-9fff-000000000000', topic: 'bench', partition: 0, offset: 1, publishedAt: '2026-11-20T08:30:00.000Z', deduplicated: false };

/** Fastify that parses the body and answers: what HTTP and JSON alone cost. */
await serveWorker(async () => {
  const server = fastify({ bodyLimit: BODY_LIMIT_BYTES });
  server.post('/api/v1/mq/publish', (_request, reply) => reply.code(201).send(answer));
  server.post('/api/v1/mq/publish/batch', (_request, reply) => reply.code(201).send({ published: 100, failed: 0, results: [] }));
  await server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return { commands: { url: () => Promise.resolve(url) }, stop: () => server.close() };
});
export type NullServerCommands = { readonly url: () => Promise<string> };
