import type { MailTransport } from '../deliver/mail-transport.js';
import { FindSender } from './find-sender.js';
import type { Sender } from './sender.js';
import type { StoredSender } from './sender.repository.js';

const system: Sender = { key: 'system', from: { address: 'post@angarium.test' }, transport: {} as MailTransport, ratePerSecond: 0 };
const row = (tenant: string, name: string, fromMailbox: string, isDefault = false): StoredSender => ({
  ...{ id: `${tenant}-${name}`, tenant, name, fromMailbox, domain: fromMailbox.replace(/^.*@|>$/g, ''), smtpUrl: '', dkimDomain: null, dkimSelector: null, dkimPrivateKey: null },
  ...{ ratePerSecond: null, isDefault, version: 1, createdAt: new Date(), updatedAt: new Date() },
});
const rows = [row('acme', 'main', 'Acme <post@acme.test>', true), row('acme', 'shop', 'shop@shop.test'), row('bob', 'own', 'bob@bob.test')];

function directory() {
  const state = { now: 0, queries: 0 };
  const findFor = (tenant: string, domain: string | undefined) => {
    state.queries++;
    return Promise.resolve(rows.filter((it) => it.tenant === tenant || it.domain === domain));
  };
  const open = ({ id }: StoredSender): Sender => ({ ...system, key: id });
  return { state, senders: new FindSender({ senders: { findFor }, pools: { open, close: () => undefined }, system, now: () => state.now }) };
}

describe('the way out of a mail', () => {
  it.each([
    ['acme', undefined, 'acme-main'],
    ['acme', 'Sales <sales@shop.test>', 'acme-shop'],
    ['acme', 'anybody@elsewhere.test', 'system'],
    ['bob', undefined, 'system'],
    ['bob', 'bob@BOB.test', 'bob-own'],
    ['bob', 'post@angarium.test', 'system'],
    ['system', 'post@acme.test', 'system'],
  ])('of %s, from %s, is the sender %s', async (tenant, from, key) => {
    expect((await directory().senders.find(tenant, from)).key).toBe(key);
  });

  it.each(['post@acme.test', 'Boss <boss@Acme.Test>', 'ceo@angarium.test'])('is refused to a tenant in the name of somebody else (%s)', async (from) => {
    await expect(directory().senders.find('bob', from)).rejects.toMatchObject({ code: 'EMAIL_SENDER_REFUSED', retry: 'never' });
  });

  it('is asked of Postgres once in five seconds', async () => {
    const { state, senders } = directory();
    await Promise.all([1, 2, 3].map(() => senders.find('acme', undefined)));
    expect(state.queries).toBe(1);
    state.now = 5_001;
    await senders.find('acme', undefined);
    expect(state.queries).toBe(2);
  });
});
