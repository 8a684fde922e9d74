import { Worker, type Job } from 'bullmq';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { serveWorker } from '../../process/serve-worker.js';

export interface PlainArgument {
  readonly redisUrl: string;
  readonly smtpUrl: string;
  readonly concurrency: number;
}

/** What a team writes by itself: BullMQ and a pooled nodemailer, no ledger, no limits, no events; a job that comes again is sent again. */
await serveWorker<PlainArgument, Record<string, never>>(async ({ redisUrl, smtpUrl, concurrency }) => {
  const { hostname: host, port } = new URL(smtpUrl);
  const transport = createTransport({ host, port: Number(port), pool: true, maxConnections: concurrency, maxMessages: Infinity, disableFileAccess: true, disableUrlAccess: true });
  const send = async ({ data }: Job<SendMailOptions>) => transport.sendMail({ from: 'bench@angarium.local', ...data });
  const worker = new Worker('email', send, { connection: { url: redisUrl, db: 1 }, prefix: 'plain', concurrency, skipVersionCheck: true });
  await worker.waitUntilReady();
  return {
    commands: {},
    stop: async () => {
      await worker.close();
      transport.close();
    },
  };
});
