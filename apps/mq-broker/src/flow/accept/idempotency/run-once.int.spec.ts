import { PublishBatch, PublishMessage } from '@angarium/contracts/broker-api';
import { openSql, type Sql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import type { Idempotency } from '@angarium/service-shell';
import { createTestDatabase, startPostgres, stopAfterTests, waitFor, type TestDatabase } from '@angarium/testing';
import { randomUUID } from 'node:crypto';
import { MqErrors } from '../../../errors.js';
import { RunOnce, type RunOnceOptions } from './run-once.js';

stopAfterTests();
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let test: TestDatabase;
let sql: Sql;
const unfinished: ((answer: unknown) => void)[] = [];
const frozenRuns: Promise<unknown>[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  test = await createTestDatabase(postgres);
  sql = openSql({ url: test.url, logger: silentLogger });
});
afterEach(async () => {
  for (const end of unfinished.splice(0)) end(undefined);
  await Promise.allSettled(frozenRuns.splice(0));
  await sql.end();
  await test.drop();
});

type Request = Parameters<Idempotency['run']>[0];
const tenantId = randomUUID();
const caller = { kind: 'tenant', tenantId, tenantName: 'acme', keyId: randomUUID(), keyName: 'shop', scopes: new Set(['publish' as const]), publishRate: undefined } as const;
const requestOf = (key: string, other: Partial<Request> = {}): Request => ({ caller, contract: PublishMessage, key, path: '/api/v1/mq/publish', body: { topic: 'orders', payload: 1 }, ...other });
const replica = (options: Partial<RunOnceOptions> = {}) => new RunOnce({ sql, logger: silentLogger, pollMs: 10, ...options });
const never = () => Promise.reject(new Error('the work ran a second time'));
const refusal = MqErrors.MQ_TOPIC_PAUSED;

/** Work that ends when it is told to, at the latest after the test. */
function openWork() {
  const { promise, resolve: end, reject: fail } = withResolvers();
  const { promise: started, resolve: isStarted } = withResolvers();
  unfinished.push(end);
  const work = () => {
    isStarted(undefined);
    return promise;
  };
  return { work, started, end, fail };
}
function withResolvers() {
  let resolve: (value: unknown) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}
/** A request whose replica renews no lease, as if it were dead. */
function runFrozen(key: string, leaseMs: number, work: () => Promise<unknown>): Promise<unknown> {
  const run = replica({ leaseMs, renewMs: 3_600_000 }).run(requestOf(key), work);
  frozenRuns.push(run);
  return run;
}

describe('requests under one Idempotency-Key', () => {
  it('fifty at once on two replicas run the work once, and all get its answer', async () => {
    const replicas = [replica(), replica()];
    let runs = 0;
    const publish = async () => {
      runs++;
      await new Promise(setImmediate);
      return { messageId: 'm-1' };
    };
    const results = await Promise.all(Array.from({ length: 50 }, (_, n) => replicas[n % 2]!.run(requestOf('k'), publish)));
    expect(runs).toBe(1);
    expect(results.filter((it) => !it.isReplay)).toHaveLength(1);
    for (const { answer } of results) expect(answer).toEqual({ messageId: 'm-1' });
  });

  it('the same request later gets the first answer, whichever API key of the tenant it comes with', async () => {
    await replica().run(requestOf('k'), () => Promise.resolve({ offset: 7 }));
    const rotated = { ...caller, keyId: randomUUID(), keyName: 'shop-2' };
    expect(await replica().run(requestOf('k', { caller: rotated }), never)).toEqual({ isReplay: true, answer: { offset: 7 } });
  });

  it('another body, path or route under a used key is refused with 422', async () => {
    await replica().run(requestOf('k'), () => Promise.resolve({}));
    const others = [{ body: { topic: 'orders', payload: 2 } }, { path: '/api/v1/mq/topics/orders/publish' }];
    for (const other of others) {
      await expect(replica().run(requestOf('k', other), never)).rejects.toMatchObject({ code: 'MQ_IDEMPOTENCY_MISMATCH', status: 422 });
    }
  });

  it('another body is refused while the first request still runs, too', async () => {
    const { work: first, started, end } = openWork();
    const running = replica().run(requestOf('k'), first);
    await started;
    await expect(replica().run(requestOf('k', { body: 2 }), never)).rejects.toMatchObject({ code: 'MQ_IDEMPOTENCY_MISMATCH' });
    end('done');
    expect(await running).toEqual({ isReplay: false, answer: 'done' });
  });

  it('tenants do not share keys', async () => {
    await replica().run(requestOf('k'), () => Promise.resolve('mine'));
    const other = { ...caller, tenantId: randomUUID() };
    expect(await replica().run(requestOf('k', { caller: other }), () => Promise.resolve('theirs'))).toEqual({ isReplay: false, answer: 'theirs' });
  });

  it('a failure is told as it is and not kept: the caller may try again', async () => {
    await expect(replica().run(requestOf('k'), () => Promise.reject(refusal()))).rejects.toMatchObject({ code: 'MQ_TOPIC_PAUSED' });
    expect(await replica().run(requestOf('k'), () => Promise.resolve('now'))).toEqual({ isReplay: false, answer: 'now' });
  });

  it('when the first one fails while others wait, one of them runs the work', async () => {
    const { work: first, started, fail } = openWork();
    const failing = replica().run(requestOf('k'), first);
    await started;
    let runs = 0;
    const waiting = Array.from({ length: 10 }, () => replica().run(requestOf('k'), () => Promise.resolve(++runs)));
    fail(refusal());
    await expect(failing).rejects.toMatchObject({ code: 'MQ_TOPIC_PAUSED' });
    expect((await Promise.all(waiting)).map((it) => it.answer)).toEqual(Array(10).fill(1));
  });

  it('who waits too long for the first one is told when to come back', async () => {
    const { work: first, started, end } = openWork();
    const running = replica().run(requestOf('k'), first);
    await started;
    const error: unknown = await replica({ waitMs: 60 })
      .run(requestOf('k'), never)
      .catch((it: unknown) => it);
    expect(error).toMatchObject({ code: 'MQ_IDEMPOTENCY_IN_PROGRESS', status: 409 });
    expect((error as ReturnType<typeof refusal>).toBody().retryAfter).toBe(1);
    end(1);
    await running;
  });

  it('answers without a body, plain text and answers above a megabyte come out as they went in', async () => {
    const results = Array.from({ length: 1_000 }, (_, n) => ({ ok: true, messageId: `m-${n}`, note: 'ä"\\\u0000'.repeat(300) }));
    for (const [key, answer] of Object.entries({ none: undefined, text: 'ok', large: { published: 1_000, results } })) {
      await replica().run(requestOf(key, { contract: PublishBatch }), () => Promise.resolve(answer));
      expect(await replica().run(requestOf(key, { contract: PublishBatch }), never)).toEqual({ isReplay: true, answer });
    }
  });
});

describe('the marker of a request that runs', () => {
  it('is renewed, so work that takes longer than the lease is not run twice', async () => {
    const lease = { leaseMs: 300, renewMs: 50 };
    const { work: slow, started, end } = openWork();
    const running = replica(lease).run(requestOf('k'), slow);
    await started;
    const began = performance.now();
    const waiting = replica(lease).run(requestOf('k'), never);
    await waitFor(() => performance.now() - began > 900, { what: 'three leases to pass' });
    end('slow');
    expect((await running).answer).toBe('slow');
    expect(await waiting).toEqual({ isReplay: true, answer: 'slow' });
  });

  it('of a replica that died is taken over by one of those who wait, when its lease ends', async () => {
    const { work: dead, started } = openWork();
    void runFrozen('k', 200, dead);
    await started;
    let runs = 0;
    const results = await Promise.all(Array.from({ length: 10 }, () => replica().run(requestOf('k'), () => Promise.resolve(++runs))));
    expect(runs).toBe(1);
    expect(results.filter((it) => !it.isReplay)).toHaveLength(1);
  });

  it('that was taken over is not touched by its first holder, whose answer goes to its own caller only', async () => {
    for (const ending of ['answer', 'failure']) {
      const { work: frozen, started, end, fail } = openWork();
      const first = runFrozen(ending, 1, frozen);
      await started;
      await replica().run(requestOf(ending), () => Promise.resolve('second'));
      if (ending === 'answer') end('first');
      else fail(refusal());
      await first.catch((error: unknown) => expect(error).toMatchObject({ code: 'MQ_TOPIC_PAUSED' }));
      expect(await replica().run(requestOf(ending), never)).toEqual({ isReplay: true, answer: 'second' });
    }
  });

  it('that lapsed is not taken over by another request, as nobody knows whether the first one took effect', async () => {
    const { work: dead, started } = openWork();
    void runFrozen('k', 1, dead);
    await started;
    await expect(replica().run(requestOf('k', { body: 'other' }), never)).rejects.toMatchObject({ code: 'MQ_IDEMPOTENCY_MISMATCH' });
  });
});

describe('keys older than a day', () => {
  const age = () => sql.execute(`UPDATE broker.idempotency_keys SET expires_at = now() - interval '1 second' WHERE key LIKE 'old%'`);

  it('are new again', async () => {
    await replica().run(requestOf('old'), () => Promise.resolve(1));
    await age();
    expect(await replica().run(requestOf('old', { body: 'another' }), () => Promise.resolve(2))).toEqual({ isReplay: false, answer: 2 });
  });

  it('are removed, and younger ones stay', async () => {
    for (const key of ['old-1', 'old-2', 'young']) await replica().run(requestOf(key), () => Promise.resolve(key));
    await age();
    expect(await replica().removeExpired()).toBe(2);
    expect(await replica().removeExpired()).toBe(0);
    expect((await replica().run(requestOf('young'), never)).isReplay).toBe(true);
  });
});

describe('Postgres is away', () => {
  it('before the work: it does not run, and the caller is told when to try again', async () => {
    const away = openSql({ url: 'postgresql://nobody@127.0.0.1:1/none', logger: silentLogger, timeoutMs: 500 });
    await expect(new RunOnce({ sql: away, logger: silentLogger }).run(requestOf('k'), never)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await away.end();
  });

  it('after the work: the answer goes to the caller all the same', async () => {
    const other = openSql({ url: test.url, logger: silentLogger });
    const once = new RunOnce({ sql: other, logger: silentLogger });
    const result = await once.run(requestOf('k'), async () => {
      await other.end();
      return 'done';
    });
    expect(result).toEqual({ isReplay: false, answer: 'done' });
  });
});
