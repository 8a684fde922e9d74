import { Queue, QueueEvents, Worker, type JobsOptions } from 'bullmq';
import type { Contender } from '../contender.js';
import { answerTo, type Answer, type Question, type User } from '../numbered-users.js';
import { serveChild } from '../serve-child.js';

/** Finished jobs are removed at once: keeping them costs time and memory, and nobody reads them here. */
const eventOptions: JobsOptions = { removeOnComplete: true, removeOnFail: true };
/** waitUntilFinished fails on a job that is gone already when it looks for it. */
const requestOptions: JobsOptions = { removeOnComplete: 1_000, removeOnFail: true };
const CONCURRENCY = 100;
const REQUEST_TIMEOUT_MS = 10_000;

/** BullMQ at its quickest for single adds; a question is a job whose end is awaited through the queue's events. */
const bullmq: Contender = {
  async consume(url, onUser) {
    const shared = { connection: { url }, concurrency: CONCURRENCY };
    const events = new Worker<User>('bench-events', ({ data }) => Promise.resolve(onUser(data)), shared);
    const requests = new Worker<Question>('bench-requests', ({ data }) => Promise.resolve(answerTo(data)), shared);
    await Promise.all([events.waitUntilReady(), requests.waitUntilReady()]);
    return async () => void (await Promise.all([events.close(), requests.close()]));
  },

  async produce(url) {
    const connection = { url };
    const events = new Queue<User>('bench-events', { connection });
    const requests = new Queue<Question, Answer>('bench-requests', { connection });
    const ends = new QueueEvents('bench-requests', { connection });
    // listeners per open request are how waitUntilFinished works; Node warns above 10
    for (const it of [requests, ends]) it.setMaxListeners(0);
    await Promise.all([events.waitUntilReady(), requests.waitUntilReady(), ends.waitUntilReady()]);
    return {
      batchSize: 1,
      emit: ([user]) => events.add('user.created', user as User, eventOptions),
      request: async (question) => (await requests.add('user.get', question, requestOptions)).waitUntilFinished(ends, REQUEST_TIMEOUT_MS),
      stop: async () => void (await Promise.all([events.close(), requests.close(), ends.close()])),
    };
  },
};

await serveChild(bullmq);
