import { connectRedis, closeRedis, type RedisConnection } from '@angarium/redis';
import { startRedis, stopAfterTests, waitFor } from '@angarium/testing';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApplyReceipt, type Receipt } from '../receive/apply-receipt.js';
import { silentLogger } from '../testing/provider-ground.js';
import { sandboxParts } from './sandbox-parts.js';
import { SandboxProvider } from './sandbox.provider.js';
import { SandboxStore } from './sandbox-store.js';
import { SendSandboxReceipts } from './send-sandbox-receipts.js';

let redis: RedisConnection;
let now = 1_795_000_000_000;
let prefix = '';
let store: SandboxStore;
let provider: SandboxProvider;
beforeAll(async () => {
  const server = await startRedis();
  redis = connectRedis({ url: server.url, name: 'test', logger: silentLogger });
});
afterAll(() => closeRedis(redis));
stopAfterTests();
beforeEach(() => {
  prefix = `t${Math.random().toString(36).slice(2)}`;
  store = new SandboxStore(redis, prefix);
  provider = new SandboxProvider(store, () => now);
});

class Ledger extends ApplyReceipt {
  readonly applied: Receipt[] = [];
  isAway = false;

  apply(receipt: Receipt): Promise<void> {
    if (this.isAway) return Promise.reject(new Error('away'));
    this.applied.push(receipt);
    return Promise.resolve();
  }
}

const sms = (phone: string, deliveryId = 'd-1') => ({ phone, deliveryId, text: 'Your code is 493817' });
const what = (phone: string, deliveryId = 'd-1') => ({ phone, deliveryId, sentAt: new Date(now) });

describe('the sandbox', () => {
  it('keeps what would have been sent, newest first, for all replicas', async () => {
    const first = await provider.send(sms('+8613800138000'));
    await provider.send({ phone: '+8613900139000', deliveryId: 'd-2', template: { id: 'T1', parameters: { code: '1' }, ordered: ['1'] } });
    const other = new SandboxStore(redis, prefix);
    expect(await other.list()).toEqual([
      { id: expect.any(String) as string, deliveryId: 'd-2', phone: '+8613900139000', template: { id: 'T1', parameters: { code: '1' } }, sentAt: now, state: 'sent' },
      { id: first.providerMessageId, deliveryId: 'd-1', phone: '+8613800138000', text: 'Your code is 493817', sentAt: now, state: 'sent' },
    ]);
  });

  it('keeps the newest 500 and nothing for longer than a day', async () => {
    for (let n = 0; n < 505; n++) await provider.send(sms('+8613800138000', `d-${n}`));
    const kept = await store.list();
    expect([kept.length, kept[0]?.deliveryId, kept.at(-1)?.deliveryId]).toEqual([500, 'd-504', 'd-5']);
    for (const key of await redis.keys(`${prefix}:*`)) expect(await redis.ttl(key)).toBeGreaterThan(0);
  });

  it('sends a receipt a second later, once, whichever replica takes it', async () => {
    const { providerMessageId } = await provider.send(sms('+8613800138000'));
    const ledger = new Ledger();
    const replicas = [1, 2, 3].map(() => new SendSandboxReceipts(store, ledger, silentLogger, () => now));
    await Promise.all(replicas.map((it) => it.pass()));
    expect(ledger.applied).toEqual([]);
    now += 1_000;
    await Promise.all(replicas.map((it) => it.pass()));
    expect(ledger.applied).toEqual([{ provider: 'sandbox', providerMessageId, deliveryId: 'd-1', fate: { state: 'delivered', providerMessageId } }]);
    expect((await store.list())[0]?.state).toBe('delivered');
  });

  it('sends a receipt again that could not be written', async () => {
    await provider.send(sms('+8613800138000'));
    const ledger = new Ledger();
    const receipts = new SendSandboxReceipts(store, ledger, silentLogger, () => now);
    ledger.isAway = true;
    now += 1_000;
    await receipts.pass();
    ledger.isAway = false;
    now += 5_000;
    await receipts.pass();
    expect(ledger.applied).toHaveLength(1);
  });
});

describe('a phone that misbehaves', () => {
  it('ending in 1 is refused for good, in 2 throttled for 5 seconds; neither is kept', async () => {
    await expect(provider.send(sms('+15005550001'))).rejects.toMatchObject({ code: 'SMS_REJECTED', details: { mayFailover: false } });
    await expect(provider.send(sms('+15005550002'))).rejects.toMatchObject({ code: 'SMS_THROTTLED', retry: { afterMs: 5_000 } });
    expect(await store.list()).toEqual([]);
    expect(await provider.query(what('+15005550001'))).toEqual({ state: 'never-seen' });
  });

  it('ending in 3 gets the SMS but we no answer: asking tells that it was sent', async () => {
    await expect(provider.send(sms('+15005550003'))).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
    expect(await provider.query(what('+15005550003'))).toEqual({ state: 'sent', providerMessageId: (await store.list())[0]?.id });
  });

  it('ending in 6 gets neither: asking tells that it never came', async () => {
    await expect(provider.send(sms('+15005550006'))).rejects.toMatchObject({ code: 'SMS_OUTCOME_UNKNOWN' });
    expect(await provider.query(what('+15005550006'))).toEqual({ state: 'never-seen' });
  });

  it('ending in 4 is delivered to after 30 seconds, in 5 never', async () => {
    await provider.send(sms('+15005550004', 'late'));
    await provider.send(sms('+15005550005', 'never'));
    const ledger = new Ledger();
    const receipts = new SendSandboxReceipts(store, ledger, silentLogger, () => now);
    now += 29_000;
    await receipts.pass();
    expect(ledger.applied).toMatchObject([{ deliveryId: 'never', fate: { state: 'failed', code: 'UNDELIVERED' } }]);
    now += 1_000;
    await receipts.pass();
    expect(ledger.applied[1]).toMatchObject({ deliveryId: 'late', fate: { state: 'delivered' } });
  });
});

describe('the page of the sandbox', () => {
  const serve = async (NODE_ENV: string, ledger: ApplyReceipt = new Ledger()) => {
    const { controllers, providers } = sandboxParts({ config: { NODE_ENV, REDIS_KEY_PREFIX: prefix }, redis, logger: silentLogger });
    class Page {}
    Module({ controllers, providers: [...providers, { provide: ApplyReceipt, useValue: ledger }] })(Page);
    const app = await NestFactory.create<NestFastifyApplication>(Page, new FastifyAdapter({ forceCloseConnections: true }), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    return { ask: (path: string, method = 'GET') => fetch(`${url}${path}`, { method }), close: () => app.close() };
  };

  it('is a page without anything from elsewhere, and shows the texts as JSON', async () => {
    const app = await serve('development');
    await provider.send(sms('+8613800138000'));
    const page = await app.ask('/sandbox');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await page.text()).replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
    for (const path of ['/sandbox/page.js', '/sandbox/page.css']) expect((await app.ask(path)).status).toBe(200);
    const list = await app.ask('/sandbox/messages');
    expect(list.headers.get('cache-control')).toBe('no-store');
    expect(await list.json()).toMatchObject({ messages: [{ phone: '+8613800138000', text: 'Your code is 493817', state: 'sent' }] });
    expect((await app.ask('/sandbox/messages', 'DELETE')).status).toBe(204);
    expect(await (await app.ask('/sandbox/messages')).json()).toEqual({ messages: [] });
    await app.close();
  });

  it('gets its receipts while the service runs', async () => {
    now = Date.now() - 10_000;
    const ledger = new Ledger();
    const app = await serve('test', ledger);
    await provider.send(sms('+8613800138000'));
    await waitFor(() => ledger.applied.length === 1, { what: 'the receipt' });
    await app.close();
  });

  it('does not exist in production', async () => {
    const app = await serve('production');
    for (const path of ['/sandbox', '/sandbox/messages']) expect((await app.ask(path)).status).toBe(404);
    await app.close();
  });
});
