import { measureThroughput } from './measure.js';
import type { Pair } from './pair.js';

/** Ends that answer as told, in place of processes. */
function pairOf(sent: object, received: object): Pair {
  const cpus = [
    { producerUs: 100, consumerUs: 10, redisUs: 1_000 },
    { producerUs: 300, consumerUs: 110, redisUs: 1_010 },
  ];
  const call = (name: string) => Promise.resolve(name === 'collect' ? received : sent);
  return { producer: { call }, consumer: { call }, cpu: () => Promise.resolve(cpus.shift()) } as unknown as Pair;
}

const load = { durationMs: 1, inFlight: 1 };
const sent = { sent: 100, failed: 0, firstAt: 1_000, lastAt: 1_500 };
const received = { handled: 100, duplicates: 0, lastAt: 3_000, latency: undefined };

describe('a measurement', () => {
  it('counts the rate until the last message is handled, not until it is sent, and CPU time by message', async () => {
    expect(await measureThroughput(pairOf(sent, received), 'emit', load)).toMatchObject({
      ...{ fault: undefined, messages: 100, perSecond: 50, cpu: { producerUs: 2, consumerUs: 1, redisUs: 0.1 } },
    });
  });

  it.each([
    [{ ...received, handled: 99 }, '1 of 100 lost'],
    [{ ...received, duplicates: 2 }, '2 of 100 handled twice'],
  ])('is void when messages are lost or doubled: %j', async (other, fault) => {
    expect((await measureThroughput(pairOf(sent, other), 'emit', load)).fault).toBe(fault);
  });

  it('is void when a request failed', async () => {
    expect((await measureThroughput(pairOf({ ...sent, failed: 3 }, received), 'request', load)).fault).toBe('3 of 100 failed');
  });
});
