import { contenders } from './contender.js';
import { runTransport } from './run-transport.js';

/** Jest runs in tools/. */
const root = new URL('../../..', import.meta.url).pathname;

describe('the bench of the transport', () => {
  it('gets every message of every contender through, in order to compare them', async () => {
    const plan = { rounds: 1, warmUpMs: 50, durationMs: 50, contenders };
    const { results, memory } = await runTransport(root, plan, () => undefined);
    expect(results.map(({ contender, kind }) => `${contender} ${kind}`)).toHaveLength(2 * contenders.length);
    for (const { contender, kind, throughput, latency } of results) {
      const all = [...throughput, ...latency].map(({ fault, messages }) => ({ contender, kind, fault, hasMessages: messages > 0 }));
      expect(all).toEqual([1, 2].map(() => ({ contender, kind, fault: undefined, hasMessages: true })));
      expect(latency[0]?.latency?.p95).toBeGreaterThan(0);
    }
    expect(memory.every(({ producerBytes, consumerBytes }) => producerBytes > 0 && consumerBytes > 0)).toBe(true);
  });
});
