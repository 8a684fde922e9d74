import { createApiKeyToken, ApiKeyRepository, SYSTEM_TENANT_ID, TenantRepository } from '@angarium/auth';
import { GetQueueJob, GetQueuesStatus, ListQueueJobs } from '@angarium/contracts/gateway-api';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { queuePrefix, QueueService } from '@angarium/queues';
import { stopAfterTests } from '@angarium/testing';
import { Worker } from 'bullmq';
import { gatewayToken, startGateway, type StartedGateway } from '../testing/start-gateway.js';

const CANARY = 'canary-481516';
const mail = { to: 'ada@example.com', subject: CANARY, text: CANARY };

let system: StartedGateway;
let queues: QueueService;
let worker: Worker;

beforeAll(async () => {
  system = await startGateway();
  queues = new QueueService({ redisUrl: system.redis.url });
  worker = new Worker('email', null, { connection: { url: system.redis.url, db: 1 }, prefix: queuePrefix('angarium'), skipStalledCheck: true });
});

afterEach(async () => {
  await queues.resumeQueue('email');
  await queues.openQueue('email').obliterate({ force: true });
});

afterAll(async () => {
  await worker.close();
  await queues.close();
});
// below the hook above: connections are closed while their server is there
stopAfterTests();

const take = async () => (await worker.getNextJob('token', { block: false }));
const json = async (answer: Response) => ({ status: answer.status, body: (await answer.json()) as Record<string, unknown> });

describe('the routes of the queues', () => {
  it('show all queues and their sums, as the seed of this project has them', async () => {
    await queues.sendEmail(mail);
    await queues.sendEmail(mail, { delayMs: 60_000 });
    const { status, body } = await json(await system.call('GET', '/queues/status'));
    expect(status).toBe(200);
    expect(GetQueuesStatus.response.parse(body)).toEqual(body);
    expect(body['queues']).toContainEqual({ name: 'email', counts: { waiting: 1, active: 0, completed: 0, failed: 0, delayed: 1, paused: 0 }, isPaused: false });
    expect(body['summary']).toEqual({ totalQueues: 8, totalWaiting: 1, totalActive: 0, totalCompleted: 0, totalFailed: 0, totalDelayed: 1 });
  });

  it('list jobs by state and page', async () => {
    for (const key of ['a', 'b', 'c']) await queues.sendEmail(mail, { idempotencyKey: key });
    const { body } = await json(await system.call('GET', '/queues/email/jobs?status=waiting&start=1&end=10'));
    expect(ListQueueJobs.response.parse(body)).toEqual(body);
    expect(body).toMatchObject({ queue: 'email', status: 'waiting', start: 1, end: 10, total: 3, jobs: [{ id: 'b' }, { id: 'c' }] });
    expect(await json(await system.call('GET', '/queues/email/jobs?limit=1'))).toMatchObject({ body: { end: 0, jobs: [{ id: 'a' }] } });
  });

  it.each(['start=0&end=100', 'start=5&end=4', 'limit=101', 'status=lost', 'start=-1'])('refuse the page %s and say why', async (query) => {
    expect(await json(await system.call('GET', `/queues/email/jobs?${query}`))).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
  });

  it('show, retry and remove a job, with an id as long as a key may be', async () => {
    const key = `order:${'ü/'.repeat(60)}`;
    const { jobId } = await queues.sendEmail(mail, { idempotencyKey: key, attempts: 1 });
    const path = `/queues/email/jobs/${encodeURIComponent(jobId)}`;
    await (await take()).moveToFailed(new Error('no ink'), 'token', false);
    const { body } = await json(await system.call('GET', path));
    expect(GetQueueJob.response.parse(body)).toEqual(body);
    expect(body).toMatchObject({ id: jobId, state: 'failed', failedReason: 'no ink', idempotencyKey: key });
    expect(await json(await system.call('POST', `${path}/retry`))).toEqual({ status: 200, body: { queue: 'email', jobId } });
    expect(await json(await system.call('POST', `${path}/retry`))).toMatchObject({ status: 409, body: { code: 'JOB_STATE_WRONG', details: { state: 'waiting' } } });
    expect((await system.call('DELETE', path)).status).toBe(204);
    expect(await json(await system.call('GET', path))).toMatchObject({ status: 404, body: { code: 'JOB_NOT_FOUND' } });
  });

  it('pause, resume, empty and clean a queue', async () => {
    await queues.sendEmail(mail);
    expect(await json(await system.call('POST', '/queues/email/pause'))).toEqual({ status: 200, body: { queue: 'email', isPaused: true } });
    expect(await queues.getQueueStatus('email')).toMatchObject({ isPaused: true });
    expect(await json(await system.call('POST', '/queues/email/resume'))).toEqual({ status: 200, body: { queue: 'email', isPaused: false } });
    expect(await json(await system.call('DELETE', '/queues/email/empty'))).toEqual({ status: 200, body: { queue: 'email', removed: 1 } });
    await queues.sendEmail(mail);
    await (await take()).moveToCompleted('sent', 'token', false);
    expect(await json(await system.call('POST', '/queues/email/clean'))).toEqual({ status: 200, body: { queue: 'email', removed: 0 } });
    expect(await json(await system.call('POST', '/queues/email/clean', { grace: 0, type: 'completed' }))).toEqual({ status: 200, body: { queue: 'email', removed: 1 } });
    expect(await json(await system.call('POST', '/queues/email/clean', { type: 'active' }))).toMatchObject({ status: 422 });
    expect(await json(await system.call('POST', '/queues/post/pause'))).toMatchObject({ status: 404, body: { code: 'QUEUE_UNKNOWN' } });
    expect(system.gateway.output()).toContain('"by":"GATEWAY_TOKEN"');
  });

  it("are the operator's: nobody else's, whatever key", async () => {
    const sql = openSql({ url: system.databaseUrl, logger: silentLogger });
    const [keys, { id: tenantId }] = [new ApiKeyRepository(sql), await new TenantRepository(sql).create('acme')];
    const tenant = await keys.create({ tenantId, name: 'app', scopes: ['publish', 'consume', 'admin'] });
    const ops = await keys.create({ tenantId: SYSTEM_TENANT_ID, name: 'ops', scopes: ['admin'] });
    await sql.end();
    const as = async (authorization: string) => (await system.call('GET', '/queues/status', undefined, { authorization })).status;
    expect(await as('')).toBe(401);
    expect(await as(`Bearer ${createApiKeyToken()}`)).toBe(401);
    expect(await as(`Bearer ${tenant.token}`)).toBe(403);
    expect(await as(`Bearer ${ops.token}`)).toBe(200);
  });
});

describe('the test routes', () => {
  it('put a job of each kind outside production', async () => {
    expect(await json(await system.call('POST', '/queues/test/send-email', { to: 'test@example.com', subject: 'Test', html: '<h1>Hello</h1>' }))).toMatchObject({ status: 202, body: { queue: 'email' } });
    expect(await json(await system.call('POST', '/queues/test/send-sms', { phone: '13800138000', message: 'Test' }))).toMatchObject({ status: 202, body: { queue: 'sms' } });
    expect(await json(await system.call('POST', '/queues/test/start-device', { deviceId: 'device-001', userId: 'user-123' }))).toMatchObject({ status: 202, body: { queue: 'device-operation' } });
    expect(await json(await system.call('POST', '/queues/test/send-email', { to: 'nobody' }))).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT' } });
    const scheduled = await system.call('POST', '/queues/test/send-email', { to: 'test@example.com', subject: 'Test', text: 'Hello', scheduledTime: '2030-01-01T00:00:00Z' });
    expect(await json(scheduled)).toMatchObject({ status: 422, body: { code: 'INVALID_INPUT', message: expect.stringContaining('Unrecognized key: "scheduledTime"') as string } });
  });

  it('are not there in production', async () => {
    const production = await system.start({ NODE_ENV: 'production' });
    const answer = await fetch(`${production.url}/queues/test/send-email`, { method: 'POST', headers: { authorization: `Bearer ${gatewayToken}`, 'content-type': 'application/json' }, body: JSON.stringify(mail) });
    expect(answer.status).toBe(404);
    production.signal('SIGTERM');
    expect((await production.exited).code).toBe(0);
  });
});

it('the depth and age of the queues are among the metrics', async () => {
  await queues.sendEmail(mail);
  const text = await (await fetch(`${system.gateway.url}/metrics`)).text();
  expect(text).toContain('bull_queue_depth{queue="email",status="waiting",service="gateway"} 1');
  expect(text).toMatch(/^bull_queue_oldest_waiting_seconds\{queue="email",service="gateway"\} /m);
});

it('the API describes itself to anybody, each route once', async () => {
  const document = (await (await fetch(`${system.gateway.url}/openapi.json`)).json()) as { openapi: string; paths: Record<string, object> };
  expect(document.openapi).toBe('3.1.0');
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/queues/status', '/queues/{name}/jobs/{jobId}/retry', '/openapi.json']));
});
