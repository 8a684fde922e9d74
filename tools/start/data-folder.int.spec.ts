import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressesOf, holderOf, openDataFolder } from './data-folder.js';

describe('the data folder', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'angarium-start-'))));
  afterEach(() => rm(dir, { recursive: true }));

  it('makes a token once, which only its owner can read', async () => {
    const first = await openDataFolder(dir);
    await first.close();
    const second = await openDataFolder(dir);
    await second.close();
    expect(first.gatewayToken).toMatch(/^[\w-]{32}$/);
    expect(second.gatewayToken).toBe(first.gatewayToken);
    expect((await stat(join(dir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('keeps other secrets beside the token, also those of a file that an earlier version made', async () => {
    await writeFile(join(dir, 'secrets.json'), '{"gatewayToken":"tok","other":1}', { mode: 0o644 });
    const first = await openDataFolder(dir);
    const made = await first.secrets.once('sealKeys', () => 'k1:abc');
    await Promise.all([first.secrets.set('a', '1'), first.secrets.set('b', '2')]);
    await first.close();
    const second = await openDataFolder(dir);
    expect([second.gatewayToken, await second.secrets.once('sealKeys', () => 'k2:def'), second.secrets.get('a'), second.secrets.get('none')]).toEqual(['tok', made, '1', undefined]);
    await second.close();
    expect(JSON.parse(await readFile(join(dir, 'secrets.json'), 'utf8'))).toEqual({ gatewayToken: 'tok', other: 1, sealKeys: 'k1:abc', a: '1', b: '2' });
    expect((await stat(join(dir, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('tells where the servers are while they run, to its owner only', async () => {
    expect(await addressesOf(dir)).toBeUndefined();
    const data = await openDataFolder(dir);
    expect(await addressesOf(dir)).toBeUndefined();
    await data.writeAddresses({ databaseUrl: 'postgresql://ada:s3cret@db.example.com/x' });
    expect(await addressesOf(dir)).toEqual({ databaseUrl: 'postgresql://ada:s3cret@db.example.com/x' });
    expect((await stat(join(dir, 'addresses.json'))).mode & 0o777).toBe(0o600);
    await data.close();
    expect(await addressesOf(dir)).toBeUndefined();
    await expect(readFile(join(dir, 'addresses.json'))).rejects.toThrow('ENOENT');
  });

  it('belongs to one start at a time, which a second one is told', async () => {
    const data = await openDataFolder(dir);
    expect(await holderOf(dir)).toBe(process.pid);
    await expect(openDataFolder(dir)).rejects.toThrow(`process ${process.pid}`);
    await data.close();
    expect(await holderOf(dir)).toBeUndefined();
  });

  it('is free when the number of its holder belongs to another process by now', async () => {
    await writeFile(join(dir, 'start.lock'), `${process.pid} 1`); // born at the first tick of the machine
    expect(await holderOf(dir)).toBeUndefined();
  });

  it('is taken over from a start that was killed', async () => {
    await writeFile(join(dir, 'start.lock'), '999999999 1');
    const data = await openDataFolder(dir);
    expect(await holderOf(dir)).toBe(process.pid);
    await data.close();
  });

  it('shows the process ids as last written, and none after the stop', async () => {
    const data = await openDataFolder(dir);
    await Promise.all([data.writePids({ gateway: 1 }), data.writePids({ gateway: 2 })]);
    expect(JSON.parse(await readFile(join(dir, 'pids.json'), 'utf8'))).toEqual({ gateway: 2 });
    await data.close();
    await expect(readFile(join(dir, 'pids.json'))).rejects.toThrow('ENOENT');
  });

  it('that somebody deletes meanwhile stops nobody', async () => {
    const data = await openDataFolder(dir);
    await rm(dir, { recursive: true });
    await expect(data.writePids({ gateway: 1 })).rejects.toThrow('ENOENT');
    await mkdir(dir);
    await data.writePids({ gateway: 2 });
    await data.close();
  });
});
