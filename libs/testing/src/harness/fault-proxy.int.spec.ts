import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { faultProxy, freePort, isFree, waitFor, type FaultProxy } from '../index.js';

/** Answers every text in capitals. */
let echo: Server;
let heard: string;
let atServer: Set<Socket>;
let proxy: FaultProxy;

beforeEach(async () => {
  [heard, atServer] = ['', new Set()];
  echo = createServer((socket) => {
    atServer.add(socket);
    socket.on('close', () => atServer.delete(socket)).on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
      socket.write(bytes.toString().toUpperCase());
    });
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await faultProxy({ target: `tcp://127.0.0.1:${(echo.address() as AddressInfo).port}` });
});

afterEach(async () => {
  await proxy.stop();
  for (const it of atServer) it.destroy();
  echo.close();
});

async function client() {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' });
  const it = { socket, text: '', end: undefined as string | undefined };
  socket.on('data', (bytes: Buffer) => (it.text += bytes.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => (it.end = error.code));
  socket.on('close', () => (it.end ??= 'closed'));
  await once(socket, 'connect');
  return it;
}
const answered = (it: { text: string }, text: string) => waitFor(() => it.text === text, { what: `the answer ${text}`, timeoutMs: 2_000 });
const ended = (it: { end: string | undefined }) => waitFor(() => it.end, { what: 'the connection to end', timeoutMs: 2_000 });

describe('a fault proxy', () => {
  it('hands on bytes and the end of a connection while it passes', async () => {
    const ada = await client();
    ada.socket.write('soup');
    await answered(ada, 'SOUP');
    ada.socket.end();
    expect(await ended(ada)).toBe('closed');
    await waitFor(() => proxy.connectionCount === 0 && atServer.size === 0, { what: 'both sides to close' });
  });

  it('leaves no socket behind that it resets while its end is being handed on, which would keep a process from ending', async () => {
    const openCount = () => process.getActiveResourcesInfo().filter((it) => it === 'TCPSocketWrap').length;
    const before = openCount();
    const ada = await client();
    proxy.halfOpen();
    ada.socket.end();
    await once(ada.socket, 'finish');
    const bob = await client(); // who comes later is seen later
    await waitFor(() => proxy.connectionCount === 2, { what: 'the second client to be seen' });
    proxy.pass();
    proxy.reset();
    for (const it of [ada, bob]) it.socket.destroy();
    for (const it of atServer) it.destroy();
    await waitFor(() => openCount() === before, { what: 'all sockets to be closed', timeoutMs: 2_000 });
  });

  it('resets what is open and what comes, until it passes again', async () => {
    const ada = await client();
    ada.socket.write('soup');
    await answered(ada, 'SOUP');
    proxy.reset();
    expect(await ended(ada)).toBe('ECONNRESET');
    await waitFor(() => atServer.size === 0, { what: 'the server to notice' });
    const bob = connect({ port: proxy.port, host: '127.0.0.1' });
    const [error] = (await once(bob, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    proxy.pass();
    const eve = await client();
    eve.socket.write('tea');
    await answered(eve, 'TEA');
    eve.socket.destroy();
  });

  it('tells nobody anything while half-open, and loses nothing when it heals', async () => {
    const ada = await client();
    proxy.halfOpen();
    ada.socket.write('soup');
    const bob = await client();
    bob.socket.end('tea');
    await pause(50); // that nothing comes can only be seen by waiting
    expect([heard, ada.text, ada.end, bob.text, bob.end]).toEqual(['', '', undefined, '', undefined]);
    proxy.pass();
    await answered(ada, 'SOUP');
    await answered(bob, 'TEA');
    expect(await ended(bob)).toBe('closed');
    ada.socket.destroy();
  });

  it('lets the server work and loses the answers when only those are held', async () => {
    const ada = await client();
    proxy.halfOpen('answers');
    ada.socket.write('soup');
    await waitFor(() => heard === 'soup', { what: 'the request to arrive' });
    proxy.reset();
    expect(await ended(ada)).toBe('ECONNRESET');
    expect(ada.text).toBe('');
  });

  it('keeps the server in the belief that a client is there that died while half-open', async () => {
    const ada = await client();
    await waitFor(() => atServer.size === 1, { what: 'the connection' });
    proxy.halfOpen();
    ada.socket.resetAndDestroy();
    await waitFor(() => proxy.connectionCount === 0, { what: 'the proxy to see the client go' });
    expect(atServer.size).toBe(1);
    proxy.pass();
    await waitFor(() => atServer.size === 0, { what: 'the server to learn of it' });
  });

  it('delays each direction, keeps the order, and pass() ends the wait', async () => {
    const ada = await client();
    proxy.delay(60);
    const since = performance.now();
    ada.socket.write('one ');
    await waitFor(() => heard === 'one ', { what: 'the first word', everyMs: 1 });
    ada.socket.write('two ');
    await answered(ada, 'ONE TWO ');
    expect(performance.now() - since).toBeGreaterThanOrEqual(178); // there, and there and back
    proxy.delay(60_000);
    ada.socket.write('three');
    proxy.pass();
    await answered(ada, 'ONE TWO THREE');
    ada.socket.destroy();
  });

  it('carries more than the buffers hold through a pause without loss', async () => {
    const ada = await client();
    proxy.halfOpen();
    const text = 'x'.repeat(20_000_000);
    ada.socket.write(text);
    await pause(50);
    proxy.pass();
    await waitFor(() => ada.text.length === text.length, { what: 'all bytes to come back' });
    ada.socket.destroy();
  });

  it('resets a client when the server is not there, and names a target without port', async () => {
    const lonely = await faultProxy({ target: `redis://127.0.0.1:${await freePort()}/2` });
    expect(lonely.url).toBe(`redis://127.0.0.1:${lonely.port}/2`);
    const bob = connect({ port: lonely.port, host: '127.0.0.1' });
    const [error] = (await once(bob, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    await lonely.stop();
    await lonely.stop();
    expect(await isFree(lonely.port)).toBe(true);
    await expect(faultProxy({ target: 'redis://127.0.0.1' })).rejects.toThrow(/names no port/);
  });
});
