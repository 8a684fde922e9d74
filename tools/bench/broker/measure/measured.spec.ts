import { counted, cpuSum, measured, startMeter, type Measured } from './measured.js';

const found = { fault: undefined, messages: 1_000, ms: 500, latency: undefined };

describe('a measurement', () => {
  it('divides what was spent by the messages', () => {
    const it = measured(found, { broker: 80_000, client: 20_000 });
    expect(it).toMatchObject({ perSecond: 2_000, cpu: { broker: 80, client: 20 } });
    expect(cpuSum(it)).toBe(100);
  });

  it('tells how busy the client was: 20 ms of 500', () => {
    expect(measured(found, { client: 20_000 }).clientBusy).toBe(0.04);
  });

  it('is finite when nothing came through', () => {
    expect(measured({ ...found, messages: 0 }, { broker: 80_000 })).toMatchObject({ perSecond: 0, cpu: { broker: 80_000 } });
  });

  it('spends what the meter shows more at its end', () => {
    let us = 100;
    const spent = startMeter(() => ({ broker: us, redis: 7 }));
    us = 350;
    expect(spent()).toEqual({ broker: 250, redis: 0 });
  });
});

describe('the rounds that count', () => {
  const round = (perSecond: number, more: Partial<Measured>): Measured => ({ ...measured(found, {}), perSecond, ...more });
  const rates = (...rounds: Measured[]) => counted(rounds).map(({ perSecond }) => perSecond);

  it('are without a fault, and calm', () => {
    expect(rates(round(1, {}), round(2, { fault: '1 of 2 lost' }), round(3, { foreignShare: 0.11 }), round(4, { foreignShare: 0.1 }))).toEqual([1, 4]);
  });

  it('are the noisy ones where no other is left, but never those with a fault', () => {
    expect(rates(round(1, { foreignShare: 0.5 }), round(2, { fault: '1 of 2 lost' }))).toEqual([1]);
    expect(rates(round(2, { fault: '1 of 2 lost' }))).toEqual([]);
  });
});
