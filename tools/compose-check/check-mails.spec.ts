import type { Mail } from './api.js';
import { expectOneMailEach } from './check-mails.js';

const users = [{ email: 'ada@example.com' }, { email: 'grace@example.com' }];
/** An inbox with these Message-IDs at the two addresses. */
const inboxWith = (...arrived: readonly (readonly string[])[]) => ({
  mails: () => Promise.resolve(new Map(arrived.map((ids, i): [string, Mail[]] => [users[i]?.email ?? '', ids.map((messageId, nth) => ({ id: `${i}-${nth}`, messageId }))]))),
});

describe('one mail for each user', () => {
  it('is what there should be', async () => {
    expect(await expectOneMailEach(inboxWith(['m1'], ['m2']), users)).toBe(0);
  });

  it('may arrive again under its Message-ID when a worker was killed, and that is told', async () => {
    expect(await expectOneMailEach(inboxWith(['m1', 'm1'], ['m2']), users, true)).toBe(1);
  });

  it('may not arrive again when nothing was killed', async () => {
    await expect(expectOneMailEach(inboxWith(['m1', 'm1'], ['m2']), users)).rejects.toThrow('ada@example.com has 2');
  });

  it('is not two mails, whatever was killed', async () => {
    await expect(expectOneMailEach(inboxWith(['m1', 'm3'], ['m2']), users, true)).rejects.toThrow('ada@example.com has 2');
  });

  it('is not none', async () => {
    await expect(expectOneMailEach(inboxWith(['m1'], []), users, true)).rejects.toThrow('grace@example.com has 0');
  });
});
