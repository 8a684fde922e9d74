import type { Contender, Producer } from './contender.js';
import { now } from './clock.js';
import { LatencyRecorder, Ledger } from './ledger.js';
import { closedLoop, openLoop } from './load.js';
import { userId, userOf, type Answer } from './numbered-users.js';
import type { Call, CommandName, Commands, Role } from './protocol.js';

type Handlers = { [N in CommandName]?: (ask: Commands[N]['ask']) => Promise<Commands[N]['answer']> };

/**
 * The child process of a contender: one end of it, told what to do by the bench over IPC. Arguments: role and Redis URL.
 * Ends when asked to, or when the bench is gone.
 */
export async function serveChild(contender: Contender): Promise<void> {
  const [role, redisUrl] = process.argv.slice(2) as [Role, string];
  const handlers = role === 'producer' ? sendingEnd(await contender.produce(redisUrl)) : await receivingEnd(contender, redisUrl);
  const reply = (message: unknown) => process.send?.(message);
  process.on('message', ({ id, name, ask }: Call) => {
    const handler = { ...handlers, usage }[name] as ((it: unknown) => Promise<unknown>) | undefined;
    if (handler === undefined) return reply({ id, error: `a ${role} has no ${name}` });
    handler(ask).then(
      (answer) => {
        reply({ id, answer });
        if (name === 'stop') process.disconnect();
      },
      (error: unknown) => reply({ id, error: String(error) }),
    );
  });
  process.once('disconnect', () => setTimeout(() => process.exit(0), 200).unref());
  reply({ id: 0, answer: true });
}

function usage(): Promise<Commands['usage']['answer']> {
  const { user, system } = process.cpuUsage();
  return Promise.resolve({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() });
}

async function receivingEnd(contender: Contender, redisUrl: string): Promise<Handlers> {
  const ledger = new Ledger();
  const stop = await contender.consume(redisUrl, (user) => ledger.take(user.userId));
  return {
    begin: ({ phase, schedule }) => {
      ledger.begin(phase, schedule);
      return Promise.resolve(true);
    },
    collect: ({ count, quietMs }) => ledger.collect(count, quietMs),
    stop: async () => {
      await stop();
      return true;
    },
  };
}

function sendingEnd(producer: Producer): Handlers {
  const { batchSize } = producer;
  const users = (phase: number, first: number, size: number) => Array.from({ length: size }, (_, i) => userOf(phase, first + i));
  const ask = async (phase: number, n: number) => check(await producer.request({ userId: userId(phase, n) }), userId(phase, n));
  return {
    emitClosed: ({ phase, durationMs, inFlight }) =>
      closedLoop({ durationMs, slots: Math.ceil(inFlight / batchSize), size: batchSize }, (first, size) => producer.emit(users(phase, first, size))),
    emitOpen: ({ phase, schedule, count }) => openLoop(schedule, count, (n) => producer.emit([userOf(phase, n)])),
    requestClosed: ({ phase, durationMs, inFlight }) => closedLoop({ durationMs, slots: inFlight, size: 1 }, (n) => ask(phase, n)),
    requestOpen: async ({ phase, schedule, count }) => {
      const recorder = new LatencyRecorder();
      const send = async (n: number) => {
        await ask(phase, n);
        recorder.record(now() - (schedule.startAt + n * schedule.intervalMs));
      };
      return { ...(await openLoop(schedule, count, send)), latency: recorder.latency() };
    },
    stop: async () => {
      await producer.stop();
      return true;
    },
  };
}

function check(answer: Answer, asked: string): void {
  if (answer.userId !== asked) throw new Error(`asked for ${asked}, was answered about ${answer.userId}`);
}
