import { defaultJobOptions, JobPriority, queuePrefix, QueueService } from '@angarium/queues';
import { Queue } from 'bullmq';
import type { Schedule } from '../../transport/ledger.js';
import { openLoop, type Sent } from '../../transport/load.js';
import { userId } from '../../transport/numbered-users.js';
import { serveWorker } from '../../process/serve-worker.js';

export interface MailLoadArgument {
  readonly redisUrl: string;
}

/** Ours, or BullMQ with nodemailer as a team writes it by itself. */
export type Contender = 'angarium' | 'plain';

interface Fill {
  readonly of: Contender;
  readonly phase: number;
  readonly count: number;
  readonly priority: JobPriority;
}
interface Open {
  readonly of: Contender;
  readonly phase: number;
  readonly schedule: Schedule;
  readonly count: number;
}

export type MailLoadCommands = {
  readonly pause: (of: Contender) => Promise<void>;
  readonly resume: (of: Contender) => Promise<void>;
  readonly fill: (ask: Fill) => Promise<void>;
  /** Critical mails at their times, whatever waits. */
  readonly critical: (ask: Open) => Promise<Sent>;
  /** Resolves when nothing waits or runs, with how many jobs failed since the last call. */
  readonly finished: (of: Contender) => Promise<number>;
  readonly waiting: (of: Contender) => Promise<number>;
  readonly drop: (of: Contender) => Promise<void>;
};

/** Jobs that are being put at a time, ours one by one and the others in one call. */
const BULK = 500;
const LOOK_MS = 5;
const text = 'A mail of ordinary length, as services send them all day. '.repeat(12);
const mailOf = (phase: number, n: number) => ({ to: ['bench@example.com'], subject: `bench ${userId(phase, n)}`, text });

/** Puts jobs into both queues, each as its users would. */
await serveWorker(({ redisUrl }: MailLoadArgument) => {
  const service = new QueueService({ redisUrl });
  const queueOf = (prefix: string) => new Queue('email', { connection: { url: redisUrl, db: 1 }, prefix, defaultJobOptions, skipVersionCheck: true });
  const queues = { angarium: queueOf(queuePrefix('angarium')), plain: queueOf('plain') };
  const put: Record<Contender, (phase: number, numbers: readonly number[], priority: JobPriority) => Promise<unknown>> = {
    angarium: (phase, numbers, priority) => Promise.all(numbers.map((n) => service.sendEmail(mailOf(phase, n), { priority }))),
    plain: (phase, numbers, priority) => queues.plain.addBulk(numbers.map((n) => ({ name: 'send-email', data: mailOf(phase, n), opts: { priority } }))),
  };
  const commands: MailLoadCommands = {
    pause: (of) => queues[of].pause(),
    resume: (of) => queues[of].resume(),
    fill: async ({ of, phase, count, priority }) => {
      for (let first = 0; first < count; first += BULK) {
        const numbers = Array.from({ length: Math.min(BULK, count - first) }, (_, at) => first + at);
        await put[of](phase, numbers, priority);
      }
    },
    critical: ({ of, phase, schedule, count }) => openLoop(schedule, count, (n) => put[of](phase, [n], JobPriority.CRITICAL)),
    finished: async (of) => {
      for (;;) {
        const { wait = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = await queues[of].getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed');
        if (wait + prioritized + active + delayed === 0) {
          if (failed > 0) await queues[of].clean(0, failed, 'failed');
          return failed;
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    waiting: async (of) => {
      const counts = await queues[of].getJobCounts('wait', 'prioritized');
      return (counts['wait'] ?? 0) + (counts['prioritized'] ?? 0);
    },
    drop: (of) => queues[of].drain(true),
  };
  return { commands, stop: () => Promise.all([service, ...Object.values(queues)].map((it) => it.close())) };
});
