import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '@angarium/observability';
import { faultProxy, freePort, stopAfterTests, waitFor } from '@angarium/testing';
import { createEgress, type Egress, type EgressOptions, type EgressRequest } from './index.js';

stopAfterTests();
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0)) await it.close();
});

type Answer = Parameters<RequestListener>[1];
const listen = async (server: Server | ReturnType<typeof createServer>) => {
  const sockets = new Set<Socket>();
  /** Of all connections there were. */
  const seenPorts: (number | undefined)[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    seenPorts.push(socket.remotePort);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, sockets, seenPorts };
};
const serve = (listener: RequestListener) => listen(createHttpServer(listener));
/** Speaks raw bytes: `talk` gets the socket when the first bytes of a request came. */
const serveRaw = (talk: (socket: Socket) => void) => listen(createServer((socket) => socket.once('data', () => talk(socket))));
const textOf = async (request: IncomingMessage) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};
const egressWith = (options: Partial<EgressOptions> = {}): Egress => {
  const egress = createEgress({ logger: silentLogger, allowHttp: true, allowPrivateHosts: ['127.0.0.1'], ...options });
  opened.unshift(egress);
  return egress;
};
const post = (url: string, more: Partial<EgressRequest> = {}): EgressRequest => ({ method: 'POST', url, headers: {}, body: '{}', timeoutMs: 5_000, ...more });
const ports = (sockets: Set<Socket>) => [...sockets].map(({ remotePort }) => remotePort);
const firstToClose = ({ sockets, seenPorts }: Awaited<ReturnType<typeof listen>>) =>
  waitFor(() => seenPorts.length > 0 && !ports(sockets).includes(seenPorts[0]), { what: 'the first connection to be closed' });
const text = (part: string): string => expect.stringContaining(part) as string;

describe('a request', () => {
  it('brings method, path, headers and body to the receiver and its answer back', async () => {
    const seen: unknown[] = [];
    const { url } = await serve((request, response) => {
      void textOf(request).then((body) => {
        const { 'x-a': a, 'accept-encoding': encoding, 'content-length': length } = request.headers;
        seen.push({ method: request.method, url: request.url, a, encoding, length, body });
        response.writeHead(201, [['Retry-After', '7'], ['X-Two', 'first'], ['x-two', 'second']].flat());
        response.end('grüße\0');
      });
    });
    const answer = await egressWith().request(post(`${url}?b=c%20d`, { method: 'PUT', headers: { 'x-a': '1' }, body: Buffer.from('ünï') }));
    expect(seen).toEqual([{ method: 'PUT', url: '/hook?b=c%20d', a: '1', encoding: 'identity', length: '5', body: 'ünï' }]);
    expect(answer).toMatchObject({ status: 201, head: 'grüße\ufffd', isTruncated: false, headers: { 'retry-after': '7', 'x-two': 'first' } });
    expect(answer.durationMs).toBeGreaterThan(0);
  });

  it('uses a connection that another one left', async () => {
    const { url, sockets } = await serve((_request, response) => response.end());
    const egress = egressWith();
    for (let i = 0; i < 10; i++) await egress.request(post(url));
    expect(sockets.size).toBeLessThanOrEqual(2); // undici lets a connection rest for one turn of the loop
  });

  it('is one of at most so many to an origin at a time, the others wait', async () => {
    const held: Answer[] = [];
    const { url, sockets } = await serve((_request, response) => void held.push(response));
    const egress = egressWith({ maxConnectionsPerOrigin: 2 });
    const all = Promise.all(Array.from({ length: 5 }, () => egress.request(post(url))));
    for (let answered = 0; answered < 5; answered++) {
      const response = await waitFor(() => held.shift(), { what: 'a request' });
      expect(sockets.size).toBeLessThanOrEqual(2);
      response.end('ok');
    }
    expect((await all).map(({ head }) => head)).toEqual(Array(5).fill('ok'));
  });

  it('that timed out while it waited for a connection is never sent, and the connection serves the next one', async () => {
    const paths: (string | undefined)[] = [];
    const held: Answer[] = [];
    const { url, sockets } = await serve((request, response) => {
      paths.push(request.url);
      held.push(response);
    });
    const egress = egressWith({ maxConnectionsPerOrigin: 1 });
    const first = egress.request(post(url));
    await waitFor(() => held.length === 1, { what: 'the first request' });
    const connection = ports(sockets);
    const late = egress.request(post(`${url}/late`, { timeoutMs: 50 }));
    await expect(late).rejects.toMatchObject({ code: 'EGRESS_TIMEOUT', message: text('no connection stood after 50 ms'), details: { mayHaveArrived: false } });
    const third = egress.request(post(`${url}/third`));
    held.shift()?.end('1');
    (await waitFor(() => held.shift(), { what: 'the third request' })).end('3');
    expect([(await first).head, (await third).head]).toEqual(['1', '3']);
    expect(paths).toEqual(['/hook', '/hook/third']);
    expect(ports(sockets)).toEqual(connection);
  });

  it('with a header that would change where or how it goes is not sent', async () => {
    const { url } = await serve((_request, response) => response.end());
    const egress = egressWith();
    const refused: Record<string, string>[] = [{ Host: 'a.internal' }, { 'transfer-encoding': 'chunked' }, { connection: 'close' }, { 'content-length': '1' }, { 'x-a': 'b\r\nx-c: d' }, { 'x a': 'b' }];
    for (const headers of refused) {
      await expect(egress.request(post(url, { headers }))).rejects.toMatchObject({ code: 'EGRESS_REQUEST_INVALID', retry: 'never' });
    }
  });

  it('can be given up by its caller, whether it is on its way or not begun', async () => {
    const server = await serve(() => undefined);
    const { url } = server;
    const egress = egressWith();
    const caller = new AbortController();
    const many = Array.from({ length: 20 }, () => egress.request(post(url, { signal: caller.signal })));
    await waitFor(() => server.sockets.size > 0, { what: 'a connection' });
    caller.abort();
    for (const each of many) await expect(each).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(egress.request(post(url, { signal: caller.signal }))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await firstToClose(server);
  });
});

describe('a hostile receiver', () => {
  it('does not lead a request on: a redirect is an answer like others', async () => {
    let insideCount = 0;
    const inside = await serve((_request, response) => response.end(String(++insideCount)));
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await serve((_request, response) => response.writeHead(status, { location: inside.url }).end('moved'));
      expect(await egressWith().request(post(url))).toMatchObject({ status, head: 'moved', headers: { location: inside.url } });
    }
    expect(insideCount).toBe(0);
  });

  it('cannot fill the memory with a gzip bomb: nothing is decompressed, and what is long is cut', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
    const { url } = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const answer = await egressWith().request(post(url, { maxResponseBytes: 1_000 }));
    expect(answer).toMatchObject({ status: 200, isTruncated: true, headers: { 'content-encoding': 'gzip' } });
    expect(answer.head.length).toBeLessThanOrEqual(1_000);
    expect(answer.head.startsWith('\u001f')).toBe(true); // gzip's first byte, as it came
  });

  it('cannot send for ever: an endless body is cut and its connection closed', async () => {
    const server = await serve((_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write('ä'.repeat(4_096)));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    });
    const answer = await egressWith().request(post(server.url, { maxResponseBytes: 1_001 }));
    expect(answer).toMatchObject({ status: 200, head: 'ä'.repeat(500), isTruncated: true });
    await firstToClose(server);
  });

  it('keeps its connection when its body is longer than what is kept, but ends soon', async () => {
    const { url, sockets } = await serve((_request, response) => response.end('x'.repeat(50_000)));
    const egress = egressWith({ maxConnectionsPerOrigin: 1 });
    expect(await egress.request(post(url))).toMatchObject({ head: 'x'.repeat(16_384), isTruncated: true });
    const first = ports(sockets);
    expect(await egress.request(post(url, { maxResponseBytes: 100_000 }))).toMatchObject({ head: 'x'.repeat(50_000), isTruncated: false });
    expect(ports(sockets)).toEqual(first);
  });

  it('cannot hold a request by dripping its body', async () => {
    const server = await serve((_request, response) => {
      response.write('a');
      const drip = setInterval(() => response.write('a'), 10);
      response.once('close', () => clearInterval(drip));
    });
    const dripping = egressWith().request(post(server.url, { timeoutMs: 200 }));
    await expect(dripping).rejects.toMatchObject({ code: 'EGRESS_TIMEOUT', message: text('its answer had not ended after 200 ms'), details: { mayHaveArrived: true } });
    await firstToClose(server);
  });

  it('cannot hold a request by announcing answers for ever', async () => {
    const { url } = await serveRaw((socket) => {
      const announce = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(3)), 5);
      socket.once('close', () => clearInterval(announce));
    });
    await expect(egressWith().request(post(url))).rejects.toMatchObject({ code: 'EGRESS_RESPONSE_INVALID', message: text('interim answers') });
  });

  it('may announce its answer before it gives it', async () => {
    const { url } = await serveRaw((socket) => socket.end('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'));
    expect(await egressWith().request(post(url))).toMatchObject({ status: 204, head: '' });
  });

  it.each([
    ['with too large headers', `HTTP/1.1 200 OK\r\n${'x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(400)}\r\n`, 'EGRESS_RESPONSE_INVALID'],
    ['with one header that does not end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(40_000)}`, 'EGRESS_RESPONSE_INVALID'],
    ['that is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'EGRESS_RESPONSE_INVALID'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na', 'EGRESS_RESPONSE_INVALID'],
    ['that ends in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'EGRESS_CONNECTION_FAILED'],
    ['that changes the protocol', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', 'EGRESS_CONNECTION_FAILED'],
  ])('gets an answer %s refused', async (_what, bytes, code) => {
    const { url } = await serveRaw((socket) => socket.end(bytes));
    await expect(egressWith().request(post(url))).rejects.toMatchObject({ code, retry: 'later', details: { mayHaveArrived: true } });
  });
});

describe('a receiver that is away', () => {
  it('and never answers costs no more than the time limit', async () => {
    const { url } = await serve(() => undefined);
    await expect(egressWith().request(post(url, { timeoutMs: 100 }))).rejects.toMatchObject({ code: 'EGRESS_TIMEOUT', retry: 'later', message: text('it had not answered after 100 ms') });
  });

  it('refuses connections: the request certainly did not arrive', async () => {
    const refused = egressWith().request(post(`http://127.0.0.1:${await freePort()}/`));
    await expect(refused).rejects.toMatchObject({ code: 'EGRESS_CONNECTION_FAILED', details: { reason: 'ECONNREFUSED', mayHaveArrived: false } });
  });

  it('resets the connection: the request may have arrived; the next one gets a new connection', async () => {
    const server = await serve((_request, response) => response.end('ok'));
    const proxy = await faultProxy({ target: server.url });
    const egress = egressWith();
    await egress.request(post(proxy.url));
    proxy.halfOpen();
    const cut = egress.request(post(proxy.url));
    await waitFor(() => proxy.connectionCount > 0, { what: 'the connection' });
    setImmediate(() => proxy.reset());
    await expect(cut).rejects.toMatchObject({ code: 'EGRESS_CONNECTION_FAILED', retry: 'later' });
    proxy.pass();
    expect(await egress.request(post(proxy.url))).toMatchObject({ status: 200 });
  });

  it('has a name that does not exist', async () => {
    const resolve: EgressOptions['resolve'] = (_name, _options, answer) => answer(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    const lost = egressWith({ resolve }).request(post('http://gone.example/'));
    await expect(lost).rejects.toMatchObject({ code: 'EGRESS_CONNECTION_FAILED', message: text('does not resolve'), details: { mayHaveArrived: false } });
  });
});

describe('closing', () => {
  it('waits for open requests and takes no more', async () => {
    const held: Answer[] = [];
    const { url } = await serve((_request, response) => void held.push(response));
    const egress = egressWith();
    const open = egress.request(post(url));
    await waitFor(() => held.length === 1, { what: 'the request' });
    const closing = egress.close();
    await expect(egress.request(post(url))).rejects.toMatchObject({ code: 'UNAVAILABLE', retry: 'when-available' });
    held[0]?.end('done');
    expect((await open).head).toBe('done');
    await closing;
    await egress.close();
  });

  it('of idle connections happens by itself', async () => {
    const { url, sockets } = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    await egressWith({ keepAliveMs: 50 }).request(post(url));
    await waitFor(() => sockets.size === 0, { what: 'the idle connection to be closed', timeoutMs: 2_000 });
  });

  it('of the connections to the origin used longest ago makes room for a new one', async () => {
    const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(() => serve((_request, response) => response.end())));
    const egress = egressWith({ maxOrigins: 3, keepAliveMs: 60_000 });
    for (const server of [a!, b!, c!, a!, c!, d!]) await egress.request(post(server.url));
    await waitFor(() => b!.sockets.size === 0, { what: 'the connection used longest ago to be closed' });
    for (const other of [a!, c!, d!]) expect(other.sockets.size).toBeGreaterThan(0);
    expect(await egress.request(post(b!.url))).toMatchObject({ status: 200 });
  });
});
