import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { uuidV7 } from '../../claim/uuid-v7.js';
import { arrivals, worstExcess } from '../../testing/arrivals.js';
import { startWorkerGround, type WorkerGround } from '../../testing/start-worker.js';

/** Mails a second that the mail server bears, EMAIL_PROVIDER_RATE. */
const RATE = 40;
const COUNT = 400;

let ground: WorkerGround;
let workers: Service[];
beforeAll(async () => {
  ground = await startWorkerGround({ EMAIL_PROVIDER_RATE: String(RATE) });
  workers = await Promise.all([1, 2, 3].map((n) => ground.start(`email-worker.${n}`)));
});
afterAll(() => ground.close());
stopAfterTests();

describe('three email workers, of which one is killed in the middle', () => {
  it('together send no more than the limit at any time, and the two that are left send all of it', async () => {
    const addresses = Array.from({ length: COUNT }, () => `${uuidV7()}@example.com`);
    const begunAt = Date.now();
    await Promise.all(addresses.map((to) => ground.queues.sendEmail({ to, subject: 'News', text: 'of today' })));
    await waitFor(() => ground.inbox.count >= 3 * RATE, { what: 'all three to be at work' });
    const busy = workers.map((it) => it.output().includes('mail sent'));
    await workers[1]?.kill('SIGKILL');
    const distinct = async () => new Set((await ground.inbox.messages()).map(({ To }) => To[0]?.Address)).size;
    await waitFor(async () => ground.inbox.count >= COUNT && (await distinct()) === COUNT, { what: `${COUNT} mails`, timeoutMs: 40_000 });
    const at = await arrivals(ground.inbox);
    const excess = worstExcess(at, begunAt, RATE);
    expect(busy).toEqual([true, true, true]);
    expect(excess).toBeLessThanOrEqual(1);
    expect(workers.map((it) => it.isRunning())).toEqual([true, false, true]);
  });
});
