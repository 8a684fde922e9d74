import { silentLogger } from '@angarium/observability';
import { createSealer, createSealKey } from '@angarium/secrets';
import { faultProxy, startInbox, stopAfterTests, waitFor, type FaultProxy, type Inbox } from '@angarium/testing';
import { uuidV7 } from '../claim/uuid-v7.js';
import type { Mail } from '../compose/mail.js';
import type { Sender } from './sender.js';
import type { StoredSender } from './sender.repository.js';
import { SenderPools } from './sender-pools.js';
import { SenderSecrets } from './sender-secrets.js';
import { publicSocket } from './public-socket.js';

const MINUTE_MS = 60_000;
const MOST_POOLS = 100;
const sealer = createSealer(createSealKey());
let inbox: Inbox;
let clock = 0;
let pools: SenderPools;

beforeAll(async () => {
  inbox = await startInbox();
});
beforeEach(() => {
  const getSocket = publicSocket({ privateHosts: ['127.0.0.1'], timeoutMs: 2_000 });
  pools = new SenderPools({ secrets: new SenderSecrets(sealer), getSocket, requireTls: false, timeoutMs: 2_000, connections: 2, defaultRate: 0, logger: silentLogger, now: () => clock });
});
afterEach(() => {
  inbox.resetFaults();
  inbox.clear();
  pools.close();
});
afterAll(() => inbox.stop());
stopAfterTests();

/** A door to the inbox that counts who is connected, and the sender that goes through it. */
async function someServer(): Promise<{ server: FaultProxy; stored: StoredSender }> {
  const server = await faultProxy({ target: inbox.smtpUrl });
  return { server, stored: senderOf(`smtp://127.0.0.1:${server.port}`) };
}

function senderOf(smtpUrl: string, { id = uuidV7(), version = 1 } = {}): StoredSender {
  const sealed = sealer.seal(smtpUrl, `email-senders/acme/${id}/smtpUrl`);
  return {
    ...{ id, tenant: 'acme', name: id, fromMailbox: 'post@acme.test', domain: 'acme.test', smtpUrl: sealed, dkimDomain: null, dkimSelector: null, dkimPrivateKey: null },
    ...{ ratePerSecond: null, isDefault: false, version, createdAt: new Date(), updatedAt: new Date() },
  };
}

function send({ transport, from }: Sender) {
  const mail: Mail = { messageId: `<${uuidV7()}@acme.test>`, from, to: ['ada@example.com'], cc: [], bcc: [], subject: 'Hello', text: 'Hello', attachments: [] };
  return transport.send(mail, new AbortController().signal);
}

/** So many other tenants send at this moment. */
function openOthers(count: number): void {
  for (let other = 0; other < count; other++) pools.open(senderOf('smtp://127.0.0.1:1'));
}

const closed = (server: FaultProxy) => waitFor(() => server.connectionCount === 0, { what: 'the connections to be closed' });

describe('the connections to the server of a tenant', () => {
  it('are kept between mails, and closed when nobody asked for them for a minute', async () => {
    const { server, stored } = await someServer();
    await send(pools.open(stored));
    clock += MINUTE_MS;
    await send(pools.open(stored));
    clock += MINUTE_MS;
    pools.sweep();
    expect([pools.count, server.connectionCount]).toEqual([1, 1]);
    clock += 1;
    pools.sweep();
    expect(pools.count).toBe(0);
    await closed(server);
    expect(await send(pools.open(stored))).toMatchObject({ acceptedCount: 1 });
  });

  it('are not closed for idleness while a mail is on its way, however long it takes', async () => {
    const { server, stored } = await someServer();
    inbox.hold();
    const sending = send(pools.open(stored));
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    clock += 10 * MINUTE_MS;
    pools.sweep();
    expect([pools.count, server.connectionCount]).toEqual([1, 1]);
    inbox.release();
    expect(await sending).toMatchObject({ acceptedCount: 1 });
    pools.sweep();
    await closed(server);
  });

  it('belong to a hundred senders at most; the one that was asked for longest ago gives its up', async () => {
    const [first, second] = [await someServer(), await someServer()];
    await send(pools.open(first.stored));
    await send(pools.open(second.stored));
    pools.open(first.stored);
    openOthers(MOST_POOLS - 2);
    expect([pools.count, first.server.connectionCount, second.server.connectionCount]).toEqual([MOST_POOLS, 1, 1]);
    openOthers(1);
    await closed(second.server);
    expect([pools.count, first.server.connectionCount]).toEqual([MOST_POOLS, 1]);
  });

  it('are given up after the mail that is on its way, not under it', async () => {
    const { server, stored } = await someServer();
    inbox.hold();
    const sending = send(pools.open(stored));
    await waitFor(() => inbox.waiting === 1, { what: 'the mail to stand before its acceptance' });
    openOthers(MOST_POOLS);
    expect([pools.count, server.connectionCount]).toEqual([MOST_POOLS, 1]);
    inbox.release();
    expect(await sending).toMatchObject({ acceptedCount: 1 });
    await closed(server);
    expect(inbox.count).toBe(1);
  });

  it('are opened once more for a mail that waited for its turn while they were given up, and closed after it', async () => {
    const { server, stored } = await someServer();
    const sender = pools.open(stored);
    openOthers(MOST_POOLS);
    expect(await send(sender)).toMatchObject({ acceptedCount: 1 });
    await closed(server);
  });

  it('of a sender that was changed lead to its new server, and those to the old one are closed when they are idle', async () => {
    const [before, after] = [await someServer(), await someServer()];
    await send(pools.open(before.stored));
    const changed = senderOf(`smtp://127.0.0.1:${after.server.port}`, { id: before.stored.id, version: 2 });
    await send(pools.open(changed));
    expect(after.server.connectionCount).toBe(1);
    clock += MINUTE_MS + 1;
    pools.open(changed);
    pools.sweep();
    await closed(before.server);
    expect(after.server.connectionCount).toBe(1);
  });

  it('are all closed when the worker ends, and none is opened after that', async () => {
    const { server, stored } = await someServer();
    const sender = pools.open(stored);
    await send(sender);
    pools.close();
    await closed(server);
    await expect(send(sender)).rejects.toMatchObject({ retry: 'when-available' });
    expect(server.connectionCount).toBe(0);
  });
});
