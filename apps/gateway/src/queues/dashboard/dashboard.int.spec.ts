import { queuePrefix, QueueService } from '@angarium/queues';
import { stopAfterTests } from '@angarium/testing';
import { Worker } from 'bullmq';
import { gatewayToken, startGateway, type StartedGateway } from '../../testing/start-gateway.js';

const CANARY = 'canary-481516';
const mail = { to: 'ada@example.com', subject: CANARY, html: `<p>${CANARY}</p>`, attachments: [{ filename: 'a.txt', content: Buffer.from(CANARY).toString('base64') }] };
const secrets = [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 12), 'ada@example.com', '13800138000'];
const root = '/admin/queues';

let system: StartedGateway;
let queues: QueueService;
let worker: Worker;

beforeAll(async () => {
  system = await startGateway();
  queues = new QueueService({ redisUrl: system.redis.url });
  worker = new Worker('email', null, { connection: { url: system.redis.url, db: 1 }, prefix: queuePrefix('angarium'), skipStalledCheck: true });
});

afterEach(() => queues.openQueue('email').obliterate({ force: true }));

afterAll(async () => {
  await worker.close();
  await queues.close();
});
// below the hook above: connections are closed while their server is there
stopAfterTests();

const take = async () => (await worker.getNextJob('token', { block: false }));
const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}` });
/** As a browser sends it from the page. */
const fromPage = { ...basic(gatewayToken), 'sec-fetch-site': 'same-origin' };
const get = (path: string) => system.call('GET', `${root}${path}`, undefined, fromPage);
const put = (path: string, headers: Record<string, string> = fromPage) => system.call('PUT', `${root}${path}`, undefined, headers);

/** A job in each state, each with the canary wherever a job can hold one. */
async function fillQueue(): Promise<void> {
  await queues.sendEmail(mail, { idempotencyKey: 'completed' });
  await (await take()).moveToCompleted({ to: 'ada@example.com', phone: '13800138000' }, 'token', false);
  await queues.sendEmail(mail, { idempotencyKey: 'broken', attempts: 1 });
  const failing = await take();
  await failing.log(`${CANARY} to ada@example.com`);
  await failing.moveToFailed(Object.assign(new Error('no such user: ada@example.com'), { stack: `Error: ${CANARY}\n at send (${CANARY})` }), 'token', false);
  await queues.sendEmail(mail, { idempotencyKey: 'taken' });
  await (await take()).updateProgress({ recipient: 'ada@example.com' });
  await queues.sendEmail(mail, { idempotencyKey: 'waits' });
  await queues.sendEmail(mail, { idempotencyKey: 'later', delayMs: 60_000 });
  await queues.openQueue('email').add(`foreign`, { secret: CANARY }, { jobId: 'foreign' });
}

describe('the dashboard', () => {
  it('is for operators: by Basic, which a browser asks for, or by Bearer; assets and answers alike', async () => {
    for (const path of ['', '/', '/api/queues', '/static/images/logo.svg', '/queue/email']) {
      const refused = await system.call('GET', `${root}${path}`, undefined, { authorization: '' });
      expect([path, refused.status, refused.headers.get('www-authenticate')?.slice(0, 6)]).toEqual([path, 401, 'Basic ']);
      expect([path, (await system.call('GET', `${root}${path}`, undefined, basic(`${gatewayToken}x`))).status]).toEqual([path, 401]);
      expect([path, (await system.call('GET', `${root}${path}`, undefined, basic(gatewayToken))).status]).toEqual([path, 200]);
      expect([path, (await system.call('GET', `${root}${path}`)).status]).toEqual([path, 200]);
    }
  });

  it('takes changes by Basic from its own page only, because browsers send Basic for other sites too', async () => {
    const own = new URL(system.gateway.url).origin;
    for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site', origin: own }, { 'sec-fetch-site': 'none' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
      expect([headers, (await put('/api/queues/email/pause', { ...basic(gatewayToken), ...(headers as object) })).status]).toEqual([headers, 403]);
    }
    expect(await queues.getQueueStatus('email')).toMatchObject({ isPaused: false });
    for (const headers of [fromPage, { ...basic(gatewayToken), origin: own }, { authorization: `Bearer ${gatewayToken}` }]) {
      expect((await put('/api/queues/email/pause', headers)).status).toBe(200);
      expect(await queues.getQueueStatus('email')).toMatchObject({ isPaused: true });
      await queues.resumeQueue('email');
    }
  });

  it('says in no answer what a job carries, whatever state it is in and whatever is asked', async () => {
    await fillQueue();
    const statuses = ['latest', 'active', 'waiting', 'waiting-children', 'prioritized', 'completed', 'failed', 'delayed'];
    const lists = ['', ...statuses.map((it) => `?activeQueue=email&status=${it}&page=1&jobsPerPage=50`)].map((it) => `/api/queues${it}`);
    const ids = ['completed', 'broken', 'taken', 'waits', 'later', 'foreign'].map((it) => (it === 'completed' ? 'key|completed' : it));
    const ofJobs = ids.flatMap((id) => ['', '/logs', '/flow'].map((it) => `/api/queues/email/${encodeURIComponent(id)}${it}`));
    const ofQueue = ['metrics', 'default-job-options', 'workers', 'rate-limit', 'job-data-schema'].map((it) => `/api/queues/email/${it}`);
    let seen = '';
    for (const path of [...lists, ...ofJobs, ...ofQueue, '/api/redis/stats', '/api/job-schedulers', '/', '/queue/email']) {
      const text = await (await get(path)).text();
      for (const secret of secrets) expect([path, text.includes(secret)]).toEqual([path, false]);
      expect([path, /at send|node_modules/.test(text)]).toEqual([path, false]);
      seen += text;
    }
    // the jobs were there, and the test above looked at something
    for (const id of ids) expect(seen).toContain(`"id":"${id}"`);
    expect(seen).toContain('a…@example.com');
    expect(seen).toContain('no such user: a…@example.com');
  });

  it('changes what operators change, and refuses to add or edit jobs, or to destroy a queue', async () => {
    await fillQueue();
    expect((await put('/api/queues/email/broken/retry')).status).toBe(204);
    expect(await queues.getJob('email', 'broken')).toMatchObject({ state: 'waiting', attemptsMade: 1 });
    expect((await put('/api/queues/email/waits/clean')).status).toBe(204);
    expect((await put('/api/queues/email/taken/clean')).status).toBe(409);
    const body = { name: 'send-email', data: { payload: mail }, jobData: { payload: mail }, options: {}, delay: 0, priority: 1 };
    const refused = [
      ...[['POST', '/email/add'], ['PATCH', '/email/later/update-data'], ['PATCH', '/email/later/delay'], ['PATCH', '/email/later/priority'], ['PUT', '/email/obliterate']],
      ...[['PUT', '/email/retry/failed'], ['PUT', '/email/concurrency'], ['PUT', '/email/rate-limit'], ['PUT', '/email/rate-limit/release'], ['PUT', '/email/job-schedulers/x/remove']],
    ] as const;
    for (const [method = '', path = ''] of refused) expect([path, (await system.call(method, `${root}/api/queues${path}`, body, fromPage)).status]).toEqual([path, 405]);
    expect(await queues.getQueueStatus('email')).toMatchObject({ counts: { delayed: 1 } });
  });

  it('is shown in no frame, and runs no script but its own', async () => {
    const page = await get('/');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const scripts = [...(await page.text()).matchAll(/<script[^>]*src="([^"]+)"/g)].map(([, src = '']) => src);
    expect(scripts.length).toBeGreaterThan(0);
    for (const src of scripts) expect((await get(`/${src}`)).headers.get('content-type')).toContain('javascript');
  });
});
