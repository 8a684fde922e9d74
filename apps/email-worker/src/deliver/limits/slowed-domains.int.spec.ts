import { silentLogger } from '@angarium/observability';
import { closeRedis, connectRedis, type RedisConnection } from '@angarium/redis';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { uuidV7 } from '../../claim/uuid-v7.js';
import { arrivals, worstExcess } from '../../testing/arrivals.js';
import { startWorkerGround, type WorkerGround } from '../../testing/start-worker.js';

/** Mails a second that a domain gets while it bears them. */
const RATE = 10;
/** Enough that a busy machine does not look like half the pace: they take 7 s, at half of it 15. */
const COUNT = 80;
/** Half of it, and what a slowed domain has recovered in half a minute. */
const HALF = RATE / 2 + RATE / 20;

let ground: WorkerGround;
let redis: RedisConnection;
beforeAll(async () => {
  ground = await startWorkerGround({ EMAIL_DOMAIN_RATE: String(RATE) });
  redis = connectRedis({ url: ground.redisServer.url, name: 'test', logger: silentLogger });
  await ground.start();
});
afterEach(() => ground.inbox.resetFaults());
afterAll(async () => {
  await Promise.all([ground.close(), closeRedis(redis)]);
});
stopAfterTests();

const someAddress = (domain: string) => `${uuidV7()}@${domain}`;
const order = (to: string) => ground.queues.sendEmail({ to, subject: 'News', text: 'of today' });

/** Sends many mails to a domain: by how many more than half its rate allows they were ahead at one moment. */
async function aheadOfHalf(domain: string, count = COUNT): Promise<number> {
  const begunAt = Date.now();
  // by their names, so that what came before is not counted
  const end = `-${uuidV7()}@${domain}`;
  await Promise.all(Array.from({ length: count }, (_, n) => order(`${n}${end}`)));
  const at = await waitFor(async () => {
    const seen = await arrivals(ground.inbox, end);
    return seen.length === count && seen;
  }, { what: `${count} mails to ${domain}` });
  return worstExcess(at, begunAt, HALF);
}

/** One mail to the domain that the server answers with this code first, and takes when it comes again. */
async function deferOne(domain: string, code: number): Promise<void> {
  const to = someAddress(domain);
  ground.inbox.refuse(to, code, { times: 1 });
  await ground.ended((await order(to)).jobId, 2);
  expect(await ground.mailsTo(to)).toHaveLength(1);
}

describe('a receiving domain that says "slower"', () => {
  it('by 421, 450 or 451 gets its mails half as fast from then on, and another one as fast as ever', async () => {
    const slow = [421, 450, 451].map((code) => ({ code, domain: `slow-${code}.example.com` }));
    await Promise.all(slow.map(({ domain, code }) => deferOne(domain, code)));
    const [calm, ...slowed] = await Promise.all([aheadOfHalf('calm.example.com'), ...slow.map(({ domain }) => aheadOfHalf(domain, COUNT / 2))]);
    for (const ahead of slowed) expect(ahead).toBeLessThanOrEqual(1);
    expect(calm).toBeGreaterThan(2);
  });

  it('is back at its full pace ten minutes later', async () => {
    const domain = 'recovering.example.com';
    await deferOne(domain, 451);
    // as if it had been ten minutes ago
    const [key] = await redis.keys(`*:email:domain:${domain}:slow`);
    await redis.hincrby(key!, 'at', -600_000);
    expect(await aheadOfHalf(domain)).toBeGreaterThan(2);
  });

  it('is not one that refuses a mail for good', async () => {
    const domain = 'strict.example.com';
    const to = someAddress(domain);
    ground.inbox.refuse(to, 550);
    expect(await (await ground.ended((await order(to)).jobId)).getState()).toBe('failed');
    expect(await aheadOfHalf(domain)).toBeGreaterThan(2);
  });
});
