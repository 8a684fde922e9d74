import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stopAfterTests, waitFor, type Service } from '@angarium/testing';
import { somePhone, startSmsGround, type SmsGround } from '../testing/sms-ground.js';

let ground: SmsGround;
let worker: Service;
let gateway: Service;
let collector: Server;
/** Everything that was exported as traces. */
let traces = '';

beforeAll(async () => {
  collector = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (traces += chunk.toString('latin1')));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  ground = await startSmsGround({ VERIFICATION_RESEND_MS: '1500', VERIFICATION_PER_PHONE_HOUR: '3', SMS_PHONE_PER_MINUTE: '100', OTEL_EXPORTER_OTLP_ENDPOINT }, ['sms-worker', 'gateway']);
  [worker, gateway] = await Promise.all([ground.startWorker(), ground.startGateway()]);
});
afterAll(async () => {
  await ground.close();
  collector.close();
  collector.closeAllConnections();
});

// below the hook above, so that the clients are closed before their servers
stopAfterTests();

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { verificationId: string };
}
async function call(method: string, path: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${ground.env['GATEWAY_TOKEN']}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${gateway.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}
const start = (phone: string, purpose = 'login') => call('POST', '/verifications', { phone, purpose });
const check = (verificationId: string, code: string, purpose = 'login') => call('POST', '/verifications/check', { verificationId, code, purpose });
const codesTo = (phone: string) => ground.provider.takenBy(phone).map(({ body }) => /is: (\d{6})\. Valid for 5 minutes\.$/.exec(body)?.[1] ?? '');
const codeTo = async (phone: string, count = 1) => (await waitFor(() => codesTo(phone).length >= count && codesTo(phone), { what: 'the code' })).at(-1)!;
const wrong = (code: string) => (code === '000000' ? '000001' : '000000');
const rowOf = (id: string) => ground.ledger.verification.findFirst({ where: { id } });

describe('a verification', () => {
  it('sends a code that is right once', async () => {
    const phone = somePhone();
    const { status, body } = await start(phone.replace('+86', ''));
    expect({ status, body }).toMatchObject({ status: 202, body: { isSent: true, resendAfter: 2 } });
    const code = await codeTo(phone);
    expect((await check(body.verificationId, code)).body).toMatchObject({ isValid: true, status: 'approved' });
    expect((await check(body.verificationId, code)).body).toMatchObject({ isValid: false, status: 'approved', attemptsLeft: 0 });
    expect(await rowOf(body.verificationId)).toMatchObject({ codeSealed: null });
  });

  it('is found by phone and purpose, too', async () => {
    const phone = somePhone();
    await start(phone, 'reset');
    const code = await codeTo(phone);
    expect((await call('POST', '/verifications/check', { phone, purpose: 'reset', code })).body).toMatchObject({ isValid: true });
    expect(await call('POST', '/verifications/check', { phone, purpose: 'login', code })).toMatchObject({ status: 404, body: { code: 'VERIFICATION_NOT_FOUND' } });
  });

  it('takes the code for no other purpose, and says no more than of a wrong code', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    const [other, bad] = [(await check(verificationId, code, 'delete-account')).body, (await check(verificationId, wrong(code))).body];
    expect({ ...other, attemptsLeft: 3 }).toEqual(bad);
    expect(bad).toMatchObject({ isValid: false, status: 'pending', attemptsLeft: 3 });
  });

  it('has five tries and no more, however many come at once', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    const answers = await Promise.all(Array.from({ length: 20 }, () => check(verificationId, wrong(code))));
    expect(answers.filter(({ body }) => body['isValid'] === true)).toHaveLength(0);
    expect(await rowOf(verificationId)).toMatchObject({ attempts: 5, status: 'max_attempts', codeSealed: null });
    expect((await check(verificationId, code)).body).toMatchObject({ isValid: false, status: 'max_attempts' });
  });

  it('is approved by one of many right answers that come at once', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    const answers = await Promise.all(Array.from({ length: 5 }, () => check(verificationId, code)));
    expect(answers.filter(({ body }) => body['isValid'] === true)).toHaveLength(1);
  });

  it('sends nothing before its time, then the same code again, and waits twice as long after it', async () => {
    const phone = somePhone();
    const first = (await start(phone)).body;
    const code = await codeTo(phone);
    expect((await start(phone)).body).toMatchObject({ verificationId: first.verificationId, isSent: false });
    const again = await waitFor(async () => {
      const { body } = await start(phone);
      return body['isSent'] === true && body;
    }, { what: 'the code to be sent again' });
    expect(again).toMatchObject({ verificationId: first.verificationId, resendAfter: 3, expiresAt: first['expiresAt'] });
    expect(await codeTo(phone, 2)).toBe(code);
    expect(codesTo(phone)).toHaveLength(2);
  });

  it('is one for two that ask at once', async () => {
    const phone = somePhone();
    const answers = await Promise.all([start(phone), start(phone), start(phone)]);
    expect(new Set(answers.map(({ body }) => body.verificationId)).size).toBe(1);
    expect(answers.filter(({ body }) => body['isSent'] === true)).toHaveLength(1);
  });

  it('is over when its time is, and its code is forgotten', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    await ground.ledger.verification.updateMany({ where: { id: verificationId }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    expect((await check(verificationId, code)).body).toMatchObject({ isValid: false, status: 'expired', attemptsLeft: 0 });
  });

  it('can be canceled; its code is then none', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    expect((await call('DELETE', `/verifications/${verificationId}`)).body).toMatchObject({ status: 'canceled' });
    expect((await check(verificationId, code)).body).toMatchObject({ isValid: false, status: 'canceled' });
  });

  it('is refused with the wait when a phone is asked for too often in an hour', async () => {
    const phone = somePhone();
    for (const purpose of ['a', 'b', 'c']) expect((await start(phone, purpose)).status).toBe(202);
    expect(await start(phone, 'd')).toMatchObject({ status: 429, body: { code: 'SMS_LIMITED', details: { rule: 'codes-per-phone-and-hour' }, retryAfter: expect.any(Number) as number } });
  });

  it('needs a credential', async () => {
    const answer = await fetch(`${gateway.url}/verifications`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(401);
  });
});

describe('a verification code', () => {
  it('is nowhere but on the phone: not in logs, Redis, metrics or traces, nor in the database in plain', async () => {
    const phone = somePhone();
    const { verificationId } = (await start(phone)).body;
    const code = await codeTo(phone);
    await check(verificationId, wrong(code));
    await check(verificationId, code);

    expect(worker.output() + gateway.output()).not.toContain(code);
    for (const service of [worker, gateway]) expect(await (await fetch(`${service.url}/metrics`)).text()).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`));
    expect(await redisText(ground.redis)).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`));
    expect(await databaseText(ground)).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`));
    await waitFor(() => traces.includes('job send-verification-code'), { what: 'the traces' });
    expect(traces).not.toMatch(new RegExp(`(?<!\\w)${code}(?!\\w)`));
    // the search itself finds what is there
    expect(await redisText(ground.redis)).toContain(verificationId);
    expect(await databaseText(ground)).toContain(verificationId);
  });
});

/** Everything that Redis holds, of every kind, in both of its databases. */
async function redisText(redis: SmsGround['redis']): Promise<string> {
  const parts: unknown[] = [];
  for (const db of [0, 1]) {
    await redis.select(db);
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      const value = type === 'hash' ? await redis.hgetall(key) : type === 'list' ? await redis.lrange(key, 0, -1) : type === 'set' ? await redis.smembers(key) : undefined;
      const other = type === 'stream' ? await redis.xrange(key, '-', '+') : type === 'zset' ? await redis.zrange(key, 0, '-1') : type === 'string' ? await redis.get(key) : undefined;
      parts.push(key, value, other);
    }
  }
  await redis.select(0);
  return JSON.stringify(parts);
}

/** Every row of the tables of the SMS worker. */
async function databaseText({ ledger }: SmsGround): Promise<string> {
  const tables = await Promise.all([
    ledger.$queryRaw`SELECT row::text FROM "sms"."verifications" AS row`,
    ledger.$queryRaw`SELECT row::text FROM "sms"."sms_deliveries" AS row`,
    ledger.$queryRaw`SELECT row::text FROM "sms"."outbox_events" AS row`,
  ]);
  return JSON.stringify(tables);
}
