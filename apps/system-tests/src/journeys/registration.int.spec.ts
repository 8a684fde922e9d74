import { randomUUID } from 'node:crypto';
import { stopAfterTests, waitFor } from '@angarium/testing';
import { startCollector, type Collector } from '../harness/trace-collector.js';
import { startSystem, waitForMails, type System } from '../harness/start-system.js';

stopAfterTests();
let system: System;
let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
  system = await startSystem({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
});
afterAll(() => collector.stop());

interface ErrorAnswer {
  code: string;
  message: string;
  details?: { faults: { path: string }[] };
}
const refusal = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as ErrorAnswer) });
const ada = { email: 'Ada@example.com', username: 'ada', password: 'correct horse battery' };

describe('a registration', () => {
  let userId: string;

  it('is answered with 201, the user and where it is; the password is nowhere in it', async () => {
    const answer = await system.post('/register', ada, { 'x-correlation-id': 'journey-1' });
    const body = (await answer.json()) as Record<string, string>;
    expect(answer.status).toBe(201);
    expect(body).toEqual({ userId: expect.any(String) as string, email: ada.email, username: 'ada', createdAt: expect.any(String) as string });
    userId = body['userId'] ?? '';
    expect(answer.headers.get('location')).toBe(`/users/${userId}`);
    expect(answer.headers.get('x-correlation-id')).toBe('journey-1');
  });

  it('is followed by one welcome mail with a text and an HTML part', async () => {
    await waitForMails(system.inbox, [ada.email]);
    const answer = await fetch(`${system.inbox.httpUrl}/api/v1/messages`);
    const { messages } = (await answer.json()) as { messages: { ID: string; Subject: string }[] };
    expect(messages).toHaveLength(1);
    const mail = (await (await fetch(`${system.inbox.httpUrl}/api/v1/message/${messages[0]?.ID}`)).json()) as { Text: string; HTML: string };
    expect(mail.Text).toContain('ada');
    expect(mail.HTML).toContain('ada');
  });

  it('is followed by a profile', async () => {
    const user = await waitFor(
      async () => {
        const body = (await (await system.get(`/users/${userId}`)).json()) as { profile: { displayName: string } | null };
        return body.profile !== null && body;
      },
      { what: 'the profile' },
    );
    expect(user).toMatchObject({ userId, username: 'ada', email: ada.email, profile: { displayName: 'ada', bio: '' } });
  });

  it('is followed by one audit record that carries the correlation id of the request', async () => {
    const { records } = await waitFor(
      async () => {
        const body = (await (await system.get(`/audit?subject=${userId}`)).json()) as { records: object[] };
        return body.records.length > 0 && body;
      },
      { what: 'the audit record' },
    );
    expect(records).toEqual([
      expect.objectContaining({ action: 'user.created', subject: userId, source: 'gateway', correlationId: 'journey-1' }),
    ]);
  });

  it('is refused with 409 when the address is taken, however it is spelled, and when the name is', async () => {
    expect(await refusal(await system.post('/register', { ...ada, email: 'ADA@example.COM', username: 'ada2' }))).toMatchObject({ status: 409, code: 'EMAIL_TAKEN' });
    expect(await refusal(await system.post('/register', { ...ada, email: 'other@example.com' }))).toMatchObject({ status: 409, code: 'USERNAME_TAKEN' });
  });

  it('is refused with 400 for broken JSON, 422 for no body, 415 for another type, 413 for a large body', async () => {
    expect(await refusal(await system.post('/register', '{"email":'))).toMatchObject({ status: 400, code: 'INVALID_JSON' });
    expect(await refusal(await system.post('/register', ''))).toMatchObject({ status: 422, code: 'INVALID_INPUT' });
    expect(await refusal(await system.post('/register', 'x', { 'content-type': 'application/xml' }))).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
    expect(await refusal(await system.post('/register', { ...ada, username: 'x'.repeat(300_000) }))).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
  });

  it('is refused with 422 and the path of every wrong field, without its value', async () => {
    const answer = await refusal(await system.post('/register', { email: 'nobody', username: 'a b', password: 'short' }));
    expect(answer).toMatchObject({ status: 422, code: 'INVALID_INPUT' });
    expect(answer.details?.faults.map(({ path }) => path)).toEqual(['email', 'username', 'password']);
    expect(JSON.stringify(answer)).not.toContain('nobody');
    expect((await refusal(await system.post('/register', []))).status).toBe(422);
    expect((await refusal(await system.post('/register', 'null'))).status).toBe(422);
  });
});

describe('the closed routes', () => {
  it.each(['/users/0190a6f0-7c1e-7b3a-9d52-3a5f6f1c2d4e', '/audit?subject=x', '/users/x', '/users//x', '/AUDIT?subject=x'])(
    'GET and HEAD %s without the right token tell nothing',
    async (path) => {
      for (const authorization of [undefined, 'Bearer wrong', `Basic ${'x'.repeat(30)}`, 'Bearer ']) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await fetch(`${system.gateway.url}${path}`, { method, ...(authorization && { headers: { authorization } }) });
          expect([401, 404]).toContain(answer.status);
        }
      }
    },
  );

  it('name what is wrong with an id or a query', async () => {
    expect(await refusal(await system.get(`/users/${randomUUID()}`))).toMatchObject({ status: 404, code: 'USER_NOT_FOUND' });
    expect(await refusal(await system.get('/users/7'))).toMatchObject({ status: 422, code: 'INVALID_INPUT', details: { faults: [{ path: 'userId' }] } });
    expect(await refusal(await system.get('/audit'))).toMatchObject({ status: 422, details: { faults: [{ path: 'subject' }] } });
    expect(await refusal(await system.get('/nothing'))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});

describe('every service', () => {
  it('reports health and metrics', async () => {
    for (const { url, name } of system.services) {
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain(`service="${name.replace(/\.\d+$/, '')}"`);
    }
  });

  it('logs one correlation id from the HTTP request to the mail, and neither addresses nor passwords', () => {
    const withId = system.services.filter((service) => service.output().includes('"correlationId":"journey-1"'));
    expect(withId.map(({ name }) => name)).toEqual(system.services.map(({ name }) => name));
    for (const service of system.services) expect(service.output().toLowerCase()).not.toMatch(/ada@example|correct horse/);
  });

  it('exports one trace from the HTTP request through stream and queue to the mail, every span below the one it follows from', async () => {
    const answer = await system.post('/register', { email: 'grace@example.com', username: 'grace', password: 'correct horse battery' });
    expect(answer.status).toBe(201);
    await waitForMails(system.inbox, ['grace@example.com']);
    // each service sends its spans when it gets round to it
    const isWhole = (spans: ReturnType<typeof collector.spans>) =>
      spans.some(({ name }) => name === 'POST /register') && spans.some(({ name, service }) => name === 'handle user.created' && service === 'task-worker');
    const trace = await waitFor(
      () => {
        const job = collector.spans().filter(({ name }) => name === 'job send-email')[1];
        const spans = collector.spans().filter(({ traceId }) => traceId === job?.traceId);
        return isWhole(spans) && spans;
      },
      { what: 'the whole trace of the second registration' },
    );
    const job = trace.find(({ name }) => name === 'job send-email');
    const parentOf = (span: { parentSpanId?: string } | undefined) => trace.find(({ spanId }) => spanId === span?.parentSpanId);
    expect(parentOf(job)).toMatchObject({ name: 'handle user.created', service: 'email-worker' });
    expect(parentOf(parentOf(job))).toMatchObject({ name: 'POST /register', service: 'gateway' });
    expect(JSON.stringify(collector.spans())).not.toContain('@example.com');
  });
});
