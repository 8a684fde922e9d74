import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { silentLogger } from '@angarium/observability';
import { stopAfterTests } from '@angarium/testing';
import { buildConnector } from 'undici';
import { guardedConnector } from './guarded-connector.js';
import { createEgress, type Egress, type EgressOptions } from './index.js';
import { readTargetRules } from './target-rules.js';
import { testCertificate } from './test-certificate.js';

stopAfterTests();
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of opened.splice(0)) await it.close();
});

/** A server that must not be reached, or may be, on this machine. */
const listen = async (create: (listener: RequestListener) => Server) => {
  const server = create((_request, response) => response.end(String(++inside.requestCount)));
  const inside = { requestCount: 0, connectionCount: 0, port: 0 };
  server.on('connection', () => inside.connectionCount++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  inside.port = (server.address() as AddressInfo).port;
  return inside;
};
const plain = () => listen((listener) => createServer(listener));
const egressWith = (options: Partial<EgressOptions>): Egress => {
  const egress = createEgress({ logger: silentLogger, allowHttp: true, ...options });
  opened.unshift(egress);
  return egress;
};
const post = (egress: Egress, url: string) => egress.request({ method: 'POST', url, headers: {}, body: '{}', timeoutMs: 2_000 });
const answering = (...answers: string[][]): { resolve: NonNullable<EgressOptions['resolve']>; asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    resolve(name, _options, answer) {
      const addresses = answers[Math.min(asked.push(name), answers.length) - 1] ?? [];
      answer(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    },
  };
};
/** A network in which every address leads to this machine, as a NAT rule or a hijacked route would have it. */
const leadingHere: EgressOptions['network'] = (options) => {
  const connect = buildConnector(options);
  return (target, callback) => connect({ ...target, hostname: '127.0.0.1' }, callback);
};
const refused = { code: 'EGRESS_TARGET_REFUSED', retry: 'later', message: expect.not.stringMatching(/\d+\.\d+\.\d+\.\d+|::/) as string };

describe('a name', () => {
  it.each([['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['10.0.0.1'], ['169.254.169.254'], ['fd00:ec2::254'], ['64:ff9b::7f00:1'], ['0.0.0.0'], ['fe80::1%lo']])(
    'that leads to %s gets no connection, and the address is not told',
    async (address) => {
      const inside = await plain();
      await expect(post(egressWith(answering([address])), `http://hooks.example:${inside.port}/`)).rejects.toMatchObject(refused);
      expect(inside.connectionCount).toBe(0);
    },
  );

  it('of this machine is refused before anybody is asked for its address', async () => {
    const inside = await plain();
    await expect(post(egressWith({}), `http://localhost:${inside.port}/`)).rejects.toMatchObject({ code: 'EGRESS_TARGET_REFUSED', retry: 'never' });
    expect(inside.connectionCount).toBe(0);
  });

  it('that leads to nothing at all is refused', async () => {
    await expect(post(egressWith(answering([])), 'http://hooks.example/')).rejects.toMatchObject(refused);
  });

  it('with private and public addresses is asked at the public ones only', async () => {
    const tried: unknown[] = [];
    const network: EgressOptions['network'] = (options) => (target, callback) => {
      const { lookup } = options as { lookup: (name: string, options: object, answer: (...found: unknown[]) => void) => void };
      lookup(target.hostname, { all: true }, (_error, all) => {
        tried.push(all);
        lookup(target.hostname, {}, (_e, address, family) => {
          tried.push([address, family]);
          callback(Object.assign(new Error(), { code: 'ECONNREFUSED' }), null);
        });
      });
    };
    const egress = egressWith({ ...answering(['10.0.0.1', '1.1.1.1', '::1', '2606:4700::1111']), network });
    await expect(post(egress, 'http://hooks.example/')).rejects.toMatchObject({ code: 'EGRESS_CONNECTION_FAILED' });
    expect(tried).toEqual([[{ address: '1.1.1.1', family: 4 }, { address: '2606:4700::1111', family: 6 }], ['1.1.1.1', 4]]);
  });

  it('that was public when it was checked and is private when it is used (rebinding) gets no connection', async () => {
    const inside = await plain();
    const dns = answering(['1.1.1.1'], ['127.0.0.1']);
    dns.resolve('hooks.example', { all: true }, (_error, [first]) => expect(first?.address).toBe('1.1.1.1')); // the check beforehand
    await expect(post(egressWith(dns), `http://hooks.example:${inside.port}/`)).rejects.toMatchObject(refused);
    expect(dns.asked).toEqual(['hooks.example', 'hooks.example']);
    expect(inside.connectionCount).toBe(0);
  });

  it('is looked up once for all requests that wait for it', async () => {
    const inside = await plain();
    let answerAll = () => {};
    let askedCount = 0;
    const resolve: EgressOptions['resolve'] = (_name, _options, answer) => {
      askedCount++;
      answerAll = () => answer(null, [{ address: '127.0.0.1', family: 4 }]);
    };
    const egress = egressWith({ resolve, allowPrivateHosts: ['hooks.example'] });
    const all = Array.from({ length: 10 }, () => post(egress, `http://hooks.example:${inside.port}/`));
    await new Promise(setImmediate);
    answerAll();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(askedCount).toBe(1);
  });
});

describe('a connection', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('to %s is not even begun, should such a URL ever pass the check of URLs', async (hostname) => {
    const inside = await plain();
    const connect = guardedConnector({ rules: readTargetRules({}), connectTimeoutMs: 1_000 });
    const error = await new Promise((resolve) => connect({ hostname, port: String(inside.port), protocol: 'http:' }, (...[failure]) => resolve(failure)));
    expect(error).toMatchObject({ code: 'EGRESS_TARGET_REFUSED' });
    expect(inside.connectionCount).toBe(0);
  });

  it('whose peer turns out to be private is closed before a request is sent', async () => {
    const inside = await plain();
    const egress = egressWith({ ...answering(['1.1.1.1']), network: leadingHere });
    await expect(post(egress, `http://hooks.example:${inside.port}/`)).rejects.toMatchObject({ ...refused, details: undefined });
    await expect(post(egress, `http://1.1.1.1:${inside.port}/`)).rejects.toMatchObject({ code: 'EGRESS_TARGET_REFUSED' });
    expect(inside).toMatchObject({ connectionCount: 2, requestCount: 0 });
  });

  it('to a private host is opened when the configuration lists this host and port, and only then', async () => {
    const [listed, other] = [await plain(), await plain()];
    const egress = egressWith({ ...answering(['127.0.0.1']), allowPrivateHosts: [`hooks.example:${listed.port}`] });
    expect(await post(egress, `http://hooks.example:${listed.port}/`)).toMatchObject({ status: 200, head: '1' });
    await expect(post(egress, `http://hooks.example:${other.port}/`)).rejects.toMatchObject(refused);
    await expect(post(egress, `http://127.0.0.1:${listed.port}/`)).rejects.toMatchObject({ code: 'EGRESS_TARGET_REFUSED', retry: 'never' });
    expect(other.connectionCount).toBe(0);
  });

  it('with TLS needs a certificate that is trusted and of the name in the URL', async () => {
    const { port } = await listen((listener) => createTlsServer(testCertificate, listener));
    const dns = answering(['127.0.0.1']);
    const allowPrivateHosts = ['hooks.example', 'other.example'];
    const trusting = egressWith({ ...dns, allowHttp: false, allowPrivateHosts, ca: testCertificate.cert });
    expect(await post(trusting, `https://hooks.example:${port}/`)).toMatchObject({ status: 200 });
    await expect(post(trusting, `https://other.example:${port}/`)).rejects.toMatchObject({ details: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID', mayHaveArrived: false } });
    const careful = egressWith({ ...dns, allowPrivateHosts });
    await expect(post(careful, `https://hooks.example:${port}/`)).rejects.toMatchObject({ details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  });
});
