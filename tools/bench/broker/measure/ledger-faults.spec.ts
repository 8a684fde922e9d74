import { deliveryFault, storeFault } from './ledger-faults.js';

const good = { acknowledged: 10, arrived: 10, doubled: 0, unexpected: 0, refused: 0 };

describe('a measurement of deliveries', () => {
  it('counts when each acknowledged message arrived once', () => {
    expect(deliveryFault(good)).toBeUndefined();
  });

  it.each([
    [{ arrived: 9 }, '1 of 10 lost'],
    [{ doubled: 2 }, '2 of 10 delivered twice'],
    [{ unexpected: 1 }, '1 that nobody sent'],
    [{ refused: 3 }, '3 acknowledged too late'],
    [{ arrived: 8, doubled: 2 }, '2 of 10 lost'],
  ])('is void with %j', (found, fault) => {
    expect(deliveryFault({ ...good, ...found })).toBe(fault);
  });
});

describe('a measurement of publishing', () => {
  it('counts when everything acknowledged is stored, and at most what was cut off besides', () => {
    expect([storeFault(10, 10), storeFault(10, 14, 4)]).toEqual([undefined, undefined]);
  });

  it('is void when something acknowledged is missing, whatever was cut off', () => {
    expect(storeFault(10, 9, 4)).toBe('1 of 10 lost');
  });

  it('is void when there is more than was sent', () => {
    expect(storeFault(10, 15, 4)).toBe('1 that nobody sent');
  });
});
