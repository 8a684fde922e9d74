import { deriveIds, isDerived, type KeyedCall } from './derive-ids.js';

const call = (other: Partial<KeyedCall> = {}): KeyedCall => ({ caller: { tenantId: 'acme' }, contract: { id: 'message.publish' }, headers: { 'idempotency-key': 'k' }, body: { topic: 'orders', payload: 1 }, ...other });
const first = (other: Partial<KeyedCall> = {}) => deriveIds(call(other))?.(0);

describe('the id that a call under an Idempotency-Key gives to a message', () => {
  it('is a UUID, and the same one for an equal call', () => {
    expect(first()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(first({ body: { topic: 'orders', payload: 1 } })).toBe(first());
  });

  it('is another one for every tenant, route, key, topic in the path, body and place in a batch', () => {
    const others: Partial<KeyedCall>[] = [{ caller: { tenantId: 'globex' } }, { contract: { id: 'other' } }, { headers: { 'idempotency-key': 'l' } }, { params: { name: 'orders' } }, { body: { topic: 'orders', payload: 2 } }];
    const ids = [first(), deriveIds(call())?.(1), ...others.map(first)];
    expect(new Set(ids).size).toBe(others.length + 2);
  });

  it('is told from what callers name', () => {
    expect(isDerived(first() ?? '')).toBe(true);
    for (const id of ['order-7', '019aa3b0-7c1e-7f00-8000-000000000000', `${first()}-1`, '']) expect(isDerived(id)).toBe(false);
  });

  it('is not there without a key', () => {
    expect(deriveIds(call({ headers: {} }))).toBeUndefined();
  });
});
