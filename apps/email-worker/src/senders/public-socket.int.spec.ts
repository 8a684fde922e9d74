import type { lookup as systemLookup } from 'node:dns';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server, type TcpNetConnectOpts } from 'node:net';
import { SmtpTransport } from '../deliver/smtp.transport.js';
import { publicSocket, type PublicSocketOptions } from './public-socket.js';

/** A server inside our network: it speaks first, as mail servers do. */
interface Inside {
  readonly server: Server;
  readonly port: number;
  connectionCount: number;
  heard: string;
}
const open: Server[] = [];
const visitors: Socket[] = [];
afterEach(async () => {
  for (const socket of visitors.splice(0)) socket.destroy();
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function inside(): Promise<Inside> {
  const server = createServer((socket) => {
    it.connectionCount++;
    visitors.push(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => (it.heard += text));
    socket.write('220 inside\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const it = { server, port: (server.address() as AddressInfo).port, connectionCount: 0, heard: '' };
  return it;
}

/** DNS that gives one answer after the other, then the last one for ever. */
function answering(...answers: string[][]): { lookup: typeof systemLookup; asked: string[] } {
  const asked: string[] = [];
  const lookup = (name: string, _options: object, answer: (error: null, addresses: object[]) => void) => {
    const addresses = answers[Math.min(asked.push(name), answers.length) - 1] ?? [];
    answer(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  return { lookup: lookup as unknown as typeof systemLookup, asked };
}

/** The socket that a mail gets to this server, or the error that it gets instead. */
function socketTo(host: string, port: number, options: Partial<PublicSocketOptions> = {}): Promise<Socket | Error> {
  const getSocket = publicSocket({ privateHosts: [], timeoutMs: 2_000, ...options });
  return new Promise((resolve, reject) => {
    getSocket({ host, port }, (error, given) => {
      const connection = typeof given === 'object' ? (given as { connection?: Socket }).connection : undefined;
      if (error !== null) resolve(error);
      else if (connection === undefined) reject(new Error('neither a socket nor an error'));
      else resolve(connection);
    });
  });
}
const refused = { code: 'EGRESS_TARGET_REFUSED', message: expect.stringContaining('SMTP_PRIVATE_HOSTS') as string };
const never = () => new AbortController().signal;

describe('the mail server of a tenant', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.1.2.3', '192.168.0.9', '172.16.0.1', '169.254.169.254', 'fd00::1', '0.0.0.0'])('is refused at %s, before anything is connected, with what to do about it', async (host) => {
    let tries = 0;
    const counted = () => {
      tries++;
      return new Socket();
    };
    expect(await socketTo(host, 25, { connect: counted, timeoutMs: 50 })).toMatchObject(refused);
    expect(tries).toBe(0);
  });

  it.each([['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.0.0.1'], ['169.254.169.254'], ['64:ff9b::7f00:1']])('under a name that leads to %s gets no connection, and the address is not told', async (address) => {
    const server = await inside();
    const error = await socketTo('mail.acme.test', server.port, answering([address]));
    expect(error).toMatchObject({ ...refused, message: expect.not.stringContaining(address) as string });
    expect(server.connectionCount).toBe(0);
  });

  it('under a number that only the resolver takes for an address (0x7f000001, 2130706433) gets no connection', async () => {
    const server = await inside();
    for (const host of ['0x7f000001', '2130706433', '127.1']) expect(await socketTo(host, server.port)).toBeInstanceOf(Error);
    expect(server.connectionCount).toBe(0);
  });

  it('whose name was public when it was looked at and is private when it is connected to (rebinding) gets no connection', async () => {
    const server = await inside();
    const dns = answering(['1.1.1.1'], ['127.0.0.1']);
    dns.lookup('mail.acme.test', { all: true }, (_error, [first]) => expect(first?.address).toBe('1.1.1.1')); // somebody's check beforehand
    expect(await socketTo('mail.acme.test', server.port, dns)).toMatchObject(refused);
    expect(dns.asked).toHaveLength(2);
    expect(server.connectionCount).toBe(0);
  });

  it('with private and public addresses is connected to at the public ones only, and DNS is asked once', async () => {
    const dns = answering(['10.0.0.1', '1.1.1.1', '2606:4700::1111', '::1'], ['127.0.0.1']);
    const offered: unknown[] = [];
    const connectNowhere = ({ host = '', lookup }: TcpNetConnectOpts) => {
      const socket = new Socket();
      lookup?.(host, { all: true }, (_error, addresses) => {
        offered.push(addresses);
        socket.destroy(new Error('no network here'));
      });
      return socket;
    };
    expect(await socketTo('mail.acme.test', 25, { ...dns, connect: connectNowhere })).toMatchObject({ message: 'no network here' });
    expect(offered).toEqual([[{ address: '1.1.1.1', family: 4 }, { address: '2606:4700::1111', family: 6 }]]);
    expect(dns.asked).toEqual(['mail.acme.test']);
  });

  it.each(['mail.acme.test', '1.1.1.1'])('%s that turns out to stand inside our network is left before a byte is said', async (host) => {
    const server = await inside();
    const leadingHere = (options: TcpNetConnectOpts) => connect({ ...options, host: '127.0.0.1' });
    expect(await socketTo(host, server.port, { ...answering(['1.1.1.1']), connect: leadingHere })).toMatchObject(refused);
    expect(server).toMatchObject({ connectionCount: 1, heard: '' });
  });

  it('may be inside when the operator lists its host or this port of it, and only then', async () => {
    const [listed, other] = [await inside(), await inside()];
    const dns = answering(['127.0.0.1']);
    const opened = [await socketTo('mail.acme.test', listed.port, { ...dns, privateHosts: [` MAIL.acme.test:${listed.port}`] }), await socketTo('127.0.0.1', listed.port, { privateHosts: ['127.0.0.1'] })];
    for (const socket of opened) expect(socket).toBeInstanceOf(Socket);
    expect(await socketTo('mail.acme.test', other.port, { ...dns, privateHosts: [`mail.acme.test:${listed.port}`] })).toMatchObject(refused);
    expect(await socketTo('other.acme.test', listed.port, { ...dns, privateHosts: ['mail.acme.test'] })).toMatchObject(refused);
    expect([listed.connectionCount, other.connectionCount]).toEqual([2, 0]);
    for (const socket of opened) (socket as Socket).destroy();
  });

  it('that does not answer in time is given up', async () => {
    expect(await socketTo('mail.acme.test', 25, { ...answering(['1.1.1.1']), timeoutMs: 50, connect: () => new Socket() })).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('that is refused fails its mails with the reason, and not as a server that is away for a while', async () => {
    const server = await inside();
    const getSocket = publicSocket({ privateHosts: [], timeoutMs: 2_000 });
    const transport = new SmtpTransport({ server: { host: '127.0.0.1', port: server.port, isTlsFromStart: false }, requireTls: false, connections: 1, timeoutMs: 2_000, getSocket });
    const from = { address: 'post@acme.test' };
    const mail = { messageId: '<1@acme.test>', from, to: ['ada@example.com'], cc: [], bcc: [], subject: 'Hello', text: 'Hello', attachments: [] };
    await expect(transport.send(mail, never())).rejects.toMatchObject({ ...refused, retry: 'later' });
    expect(server.connectionCount).toBe(0);
    transport.close();
  });
});
