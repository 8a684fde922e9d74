import { createClient } from '@angarium/client';
import { waitFor } from '@angarium/testing';
import type { Container } from './containers.js';
import type { Docker } from './docker.js';

const publisherCount = 7;
/** Before the broker is killed, and again afterwards. */
const messageCount = 150;
const consumeTimeoutMs = 60_000;

interface Note {
  readonly nth: number;
}

/** Makes an API key with the tool in the migration image, as docs/guides/credentials.md says. */
export async function createApiKey(docker: Docker): Promise<string> {
  const printed = await docker.compose('run', '--rm', '-T', 'migrate', 'node', 'keys/main.js', 'create', '--tenant', 'check', '--name', 'check', '--scopes', 'publish,consume,admin');
  const key = /ang_\S+/.exec(printed)?.[0];
  if (key === undefined) throw new Error(`the keys tool printed no key: ${printed.slice(-500)}`);
  return key;
}

/**
 * Publishes while the broker is killed and started again, and consumes until everything came. A client repeats what was not answered, under its
 * message id, so every message is there once; it may be handed out twice.
 * @throws Error saying what did not come
 */
export async function checkBroker(docker: Docker, url: string, apiKey: string, broker: Container): Promise<string> {
  const client = createClient<{ notes: Note }>({ url, apiKey, retry: { attempts: 30 } });
  await client.createTopic({ name: 'notes', partitionCount: 4 });
  const { id } = await client.subscribe({ topic: 'notes', group: 'reader', destination: { type: 'pull' } });
  const published = new Set<number>();
  let isEnough = false;
  const publishing = Array.from({ length: publisherCount }, async (_, first) => {
    for (let nth = first; !isEnough; nth += publisherCount) {
      await client.publish('notes', { nth }, { key: `${first}` });
      published.add(nth);
    }
  });
  const killing = waitFor(() => published.size >= messageCount, { what: `${messageCount} messages to be published`, timeoutMs: 60_000 }).then(async () => {
    await docker.attempt('exec', broker.id, 'sh', '-c', 'kill -KILL -1');
    const answeredAtKill = published.size;
    await waitFor(() => published.size >= answeredAtKill + messageCount, { what: 'publishing to go on', timeoutMs: 60_000 });
    isEnough = true;
    return answeredAtKill;
  });
  const [answeredAtKill] = await Promise.all([killing.finally(() => (isEnough = true)), ...publishing]);
  const seen = new Set<number>();
  const consumer = client.consume<Note>(id, ({ payload }) => void seen.add(payload.nth));
  await waitFor(() => seen.size === published.size, { what: `${published.size} messages to be consumed`, timeoutMs: consumeTimeoutMs }).finally(() => consumer.stop());
  return `killed when ${answeredAtKill} of ${published.size} were acknowledged`;
}
