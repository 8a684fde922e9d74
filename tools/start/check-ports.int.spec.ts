import { createServer, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@angarium/testing';
import { Advice } from './advice.js';
import { checkPorts } from './check-ports.js';
import { openDataFolder } from './data-folder.js';
import { shorten } from './port-owner.js';

const host = '127.0.0.1';

describe('the look at the ports before a start', () => {
  let busy: number;
  let server: Server;
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'angarium-start-'));
    busy = await freePort();
    server = createServer();
    await new Promise<void>((resolve) => server.listen(busy, host, resolve));
  });
  afterAll(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });
  const check = async (...ports: number[]) => {
    const wanted = ports.map((port) => ({ port, of: 'gateway', variable: 'GATEWAY_PORT' }));
    return checkPorts(wanted, host, dir).then(() => '', (error: Advice) => error.message);
  };

  it('says nothing when all are free', async () => {
    expect(await check(await freePort())).toBe('');
  });

  it('names a busy port, what wants it, the process that has it, and the variable with a value that works', async () => {
    const text = await check(await freePort(), busy);
    expect(text).toContain(`${busy} for gateway: taken by process ${process.pid} (`);
    expect(text).toContain('Set GATEWAY_PORT.');
    expect(text).toContain('nothing was started');
    expect(text).toMatch(/GATEWAY_PORT=\d+ npm start/);
  });

  it('says so when it is Angarium itself that runs already', async () => {
    const data = await openDataFolder(dir);
    const text = await check(busy);
    await data.close();
    expect(text).toContain(`Angarium runs already, as process ${process.pid}`);
    expect(text).toMatch(/GATEWAY_PORT=\d+ npm start -- --data /);
  });

  it('tells an address that is not of this machine from a busy port', async () => {
    const text = await checkPorts([{ port: await freePort(), of: 'gateway', variable: 'GATEWAY_PORT' }], '192.0.2.1', dir).catch((error: Advice) => error.message);
    expect(text).toMatch(/EADDRNOTAVAIL on 192\.0\.2\.1\. Set GATEWAY_PORT or HOST/);
  });
});

describe('a command line in a message', () => {
  it('keeps the end of long paths, which says which program it is, and leaves out what Node itself is told', () => {
    expect(shorten('/usr/bin/node --x=1 --y /home/ada/angarium/apps/gateway/dist/main.js --only mail')).toBe('/usr/bin/node …/gateway/dist/main.js --only mail');
  });
  it('is cut where it is long', () => {
    expect(shorten('x'.repeat(200))).toHaveLength(100);
  });
});
