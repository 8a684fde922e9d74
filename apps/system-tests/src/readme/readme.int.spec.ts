import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAddresses, entryFields, UserCreated } from '@angarium/contracts';
import { startChild, startRedis, startService, stopAfterTests, waitFor, type RunningServer } from '@angarium/testing';
import { Redis } from 'ioredis';
import { writeExamples, workspace, type ExampleWorkspace } from './example-workspace.js';
import { extractExamples } from './extract-examples.js';

/** What a reader must not be able to write: the compiler has to find every line that is marked. */
const mistakes = `
import type { MessageBus } from '@angarium/transport';
import { OnEvent, OnRequest } from '@angarium/transport';
import { GetStock, OrderPlaced } from './contracts.js';

export async function mistakes(bus: MessageBus): Promise<void> {
  // @ts-expect-error a field of another type
  await bus.emit(OrderPlaced, { orderId: 'x', article: 'tea', count: 'two' });
  // @ts-expect-error a field is missing
  await bus.emit(OrderPlaced, { orderId: 'x', article: 'tea' });
  // @ts-expect-error an event is no question
  await bus.send(OrderPlaced, { orderId: 'x', article: 'tea', count: 1 });
  // @ts-expect-error the answer has no such field
  (await bus.send(GetStock, { article: 'tea' })).price;
}

export class Mistaken {
  // @ts-expect-error the payload is another
  @OnEvent(OrderPlaced)
  handle(payload: { orderId: number }): void {
    void payload;
  }

  // @ts-expect-error the answer is another
  @OnRequest(GetStock)
  answer(): { article: number } {
    return { article: 1 };
  }
}
`;

stopAfterTests();
const pages = ['README.md', 'docs/operations/dead-letters.md', 'docs/guides/add-an-event.md', 'docs/guides/add-a-worker.md'];
let outputs: ReadonlyMap<string, string>;
let examples: ExampleWorkspace;
let redis: RunningServer;
beforeAll(async () => {
  const found = extractExamples(...(await Promise.all(pages.map((page) => readFile(join(workspace, page), 'utf8')))));
  outputs = found.outputs;
  examples = await writeExamples(new Map([...found.files, ['apps/orders/src/mistakes.ts', mistakes]]));
  redis = await startRedis();
});
afterAll(() => examples.remove());

function run(main: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return startChild({ name: main, command: process.execPath, args: [main, ...args], cwd: workspace, env: { ...process.env, REDIS_URL: redis.url, ...env }, orphanSignal: 'SIGKILL' });
}

describe('the examples of the README and the guides', () => {
  it('compile, and the compiler finds what does not fit a contract', () => {
    expect(examples.typecheck()).toBe('');
  }, 180_000);

  it('say what the page says they say, and end with exit code 0 on Ctrl-C', async () => {
    const promised = outputs.get('apps/orders') ?? 'no output on the page';
    const orders = run(examples.build('apps/orders'));
    await waitFor(() => orders.output().length >= promised.length, { what: 'the output of the example' });
    expect(orders.output()).toBe(promised);
    orders.signal('SIGINT');
    expect(await orders.exited).toMatchObject({ code: 0 });
  });

  it('find a message that breaks its contract among the dead letters, and give it back', async () => {
    const orders = run(examples.build('apps/orders'));
    const addresses = createAddresses();
    const stream = addresses.eventStream('order.placed');
    const client = new Redis(redis.url);
    const id = await client.xadd(stream, '*', 'data', '{"orderId":"x"}', 'event', '{}');
    const dead = addresses.deadLetterStream(stream, 'warehouse');
    await waitFor(async () => (await client.xlen(dead)) === 1, { what: 'the dead letter' });
    const redrive = run(examples.build('apps/redrive'), ['order.placed', 'warehouse', 'redrive']);
    expect(await redrive.exited).toMatchObject({ code: 0 });
    expect(redrive.output()).toMatch(/^\d+-\d+ given up after 1: ENTRY_UNREADABLE: .*\n1 given back\n$/);
    await waitFor(async () => (await client.xlen(dead)) === 1, { what: 'it to be given up again' });
    expect(await client.xrange(stream, id ?? '', id ?? '')).toHaveLength(1);
    client.disconnect();
    orders.signal('SIGINT');
    await orders.exited;
  });

  it('make a worker that counts what it hears', async () => {
    const main = examples.build('apps/sign-up-counter');
    const worker = await startService({ name: 'sign-up-counter', main, env: { REDIS_URL: redis.url, SIGN_UP_COUNTER_GOAL: '2' } });
    await worker.ready();
    const client = new Redis(redis.url);
    const attributes = { specversion: '1.0', source: 'test', type: UserCreated.name, time: new Date().toISOString(), datacontenttype: 'application/json' };
    for (const id of ['one', 'two']) {
      const event = JSON.stringify({ ...attributes, id, tenant: 'system', correlationid: id, sourceinstance: 'test' });
      await client.xadd(createAddresses().eventStream(UserCreated.name), '*', entryFields.event, event, entryFields.data, JSON.stringify(UserCreated.example));
    }
    client.disconnect();
    const isCounted = async () => (await (await fetch(`${worker.url}/metrics`)).text()).includes('angarium_sign_ups_total{service="sign-up-counter"} 2');
    await waitFor(isCounted, { what: 'two sign-ups in the metrics' });
    expect(worker.output()).toContain('"msg":"sign-up goal reached"');
    await worker.stop();
  });
});
