import { Redis } from 'ioredis';
import type { Contender } from '../contender.js';
import { answerTo, type Answer, type Question, type User } from '../numbered-users.js';
import { serveChild } from '../serve-child.js';

const EVENTS = 'raw:events';
const REQUESTS = 'raw:requests';
const GROUP = 'raw';
const BATCH = 64;
const COUNT = 100;

type Reply = [stream: string, entries: [id: string, fields: string[]][]][] | null;

/** Streams by hand with nothing around them: no envelope, no check, no retry, no lease. What is left is the limit. */
const rawStreams: Contender = {
  async consume(url, onUser) {
    const [reader, commands] = [new Redis(url), new Redis(url)];
    for (const stream of [EVENTS, REQUESTS]) await commands.xgroup('CREATE', stream, GROUP, '0', 'MKSTREAM');
    let isStopped = false;
    const handle = (stream: string, entries: [id: string, fields: string[]][]) => {
      if (stream === EVENTS) for (const [, fields] of entries) onUser(JSON.parse(fields[1] ?? '') as User);
      else for (const [channel, answers] of answersTo(entries)) void commands.publish(channel, `[${answers.join(',')}]`);
      void commands.xack(stream, GROUP, ...entries.map(([id]) => id));
    };
    const loop = async () => {
      while (!isStopped) {
        const reply = (await reader.xreadgroup('GROUP', GROUP, 'c1', 'COUNT', COUNT, 'BLOCK', 200, 'STREAMS', EVENTS, REQUESTS, '>', '>')) as Reply;
        for (const [stream, entries] of reply ?? []) handle(stream, entries);
      }
    };
    const running = loop();
    return async () => {
      isStopped = true;
      await running;
      await Promise.all([reader.quit(), commands.quit()]);
    };
  },

  async produce(url) {
    const commands = new Redis(url, { enableAutoPipelining: true });
    const [writer, subscriber] = [new Redis(url), new Redis(url)];
    const open = new Map<string, (answer: Answer) => void>();
    await subscriber.subscribe('raw:answers');
    subscriber.on('message', (_channel: string, text: string) => {
      for (const [id, answer] of JSON.parse(text) as [string, Answer][]) {
        open.get(id)?.(answer);
        open.delete(id);
      }
    });
    let last = 0;
    return {
      batchSize: BATCH,
      emit: async (users) => {
        const pipeline = writer.pipeline();
        for (const user of users) pipeline.xadd(EVENTS, '*', 'data', JSON.stringify(user));
        const failed = (await pipeline.exec())?.find(([error]) => error !== null);
        if (failed !== undefined) throw failed[0] as Error;
      },
      request: async (question) => {
        const id = String(++last);
        const answered = new Promise<Answer>((resolve) => open.set(id, resolve));
        await commands.xadd(REQUESTS, '*', 'data', JSON.stringify(question), 'id', id, 'to', 'raw:answers');
        return answered;
      },
      stop: async () => void (await Promise.all([commands.quit(), writer.quit(), subscriber.quit()])),
    };
  },
};

/** Answers by channel, as `["id",{…}]`. */
function answersTo(entries: [id: string, fields: string[]][]): Map<string, string[]> {
  const byChannel = new Map<string, string[]>();
  for (const [, [, data = '', , id = '', , channel = '']] of entries) {
    const list = byChannel.get(channel) ?? [];
    list.push(JSON.stringify([id, answerTo(JSON.parse(data) as Question)]));
    byChannel.set(channel, list);
  }
  return byChannel;
}

await serveChild(rawStreams);
