import { CronExpressionParser } from 'cron-parser';
import fc from 'fast-check';
import { checkCron, nextDue } from './next-due.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const at = (text: string) => Date.parse(text);
const next = (cron: string, timeZone: string, from: string) => nextDue({ cron, timeZone, previousDueMs: null, nowMs: at(from) });
/** The next times, each asked for in the moment of the one before. */
const times = (cron: string, timeZone: string, from: string, count: number) => {
  const found: string[] = [];
  for (let nowMs = at(from); found.length < count; ) {
    nowMs = nextDue({ cron, timeZone, previousDueMs: nowMs, nowMs });
    found.push(new Date(nowMs).toISOString().slice(5, 16));
  }
  return found;
};

describe('the next time of a schedule', () => {
  it('is read in its time zone', () => {
    expect(times('0 9 * * 1-5', 'Europe/Berlin', '2026-01-01T00:00Z', 3)).toEqual(['01-01T08:00', '01-02T08:00', '01-05T08:00']);
    expect(times('0 9 * * THU', 'Asia/Kolkata', '2026-01-01T00:00Z', 2)).toEqual(['01-01T03:30', '01-08T03:30']);
    expect(times('0 0 29 2 *', 'UTC', '2096-03-01T00:00Z', 1)).toEqual(['02-29T00:00']);
  });

  it('may have seconds', () => {
    expect(next('*/20 * * * * *', 'UTC', '2026-01-01T00:00:01.500Z')).toBe(at('2026-01-01T00:00:20Z'));
    expect(next('* * * * * *', 'UTC', '2026-01-01T00:00:01.999Z')).toBe(at('2026-01-01T00:00:02Z'));
  });

  it('is never now, and never the last one again', () => {
    expect(next('0 9 * * *', 'UTC', '2026-01-01T09:00Z')).toBe(at('2026-01-02T09:00Z'));
    expect(next('0 9 * * *', 'UTC', '2026-01-01T08:59:59.999Z')).toBe(at('2026-01-01T09:00Z'));
  });

  it('is not doubled by a clock that went back an hour', () => {
    const schedule = { cron: '0 * * * *', timeZone: 'UTC', previousDueMs: at('2026-01-01T09:00Z'), nowMs: at('2026-01-01T08:10Z') };
    expect(nextDue(schedule)).toBe(at('2026-01-01T10:00Z'));
  });

  it('comes once after a long outage, not once for each time that was missed', () => {
    const schedule = { cron: '* * * * * *', timeZone: 'Europe/Berlin', previousDueMs: at('2026-01-01T09:00Z'), nowMs: at('2026-06-01T09:00:00.100Z') };
    expect(nextDue(schedule)).toBe(at('2026-06-01T09:00:01Z'));
  });
});

describe('when the clocks of Berlin go forward at 02:00', () => {
  it('a time of day that is left out runs at the moment of the jump, and on its own time again the day after', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3)).toEqual(['03-28T01:30', '03-29T01:00', '03-30T00:30']);
    expect(times('0 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual(['03-29T01:00', '03-30T00:00']);
  });

  it('several times that are left out run once', () => {
    expect(times('*/10 2 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual(['03-29T01:00', '03-30T00:00']);
    expect(times('0 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', 2)).toEqual(['03-29T01:00', '03-30T00:00']);
  });

  it('an expression for every hour goes on in real time', () => {
    expect(times('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:10Z', 4)).toEqual(['03-29T00:30', '03-29T01:00', '03-29T01:30', '03-29T02:00']);
  });
});

describe('when the clocks of Berlin go back at 03:00', () => {
  it('a time of day that comes twice runs the first time', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual(['10-25T00:30', '10-26T01:30']);
    expect(times('0 1-4 * * *', 'Europe/Berlin', '2026-10-24T22:30Z', 5)).toEqual(['10-24T23:00', '10-25T00:00', '10-25T02:00', '10-25T03:00', '10-26T00:00']);
  });

  it('does not run again if its first time was carried out late, in the hour that comes again', () => {
    const schedule = { cron: '30 2 * * *', timeZone: 'Europe/Berlin', previousDueMs: at('2026-10-25T00:30Z'), nowMs: at('2026-10-25T01:10Z') };
    expect(nextDue(schedule)).toBe(at('2026-10-26T01:30Z'));
  });

  it('an expression for every hour runs in both of them', () => {
    expect(times('30 * * * *', 'Europe/Berlin', '2026-10-24T23:40Z', 4)).toEqual(['10-25T00:30', '10-25T01:30', '10-25T02:30', '10-25T03:30']);
    expect(times('30 */1 25 10 *', 'Europe/Berlin', '2026-10-24T23:40Z', 2)).toEqual(['10-25T00:30', '10-25T01:30']);
  });
});

describe('where the clocks jump at midnight', () => {
  it.each([
    ['Africa/Cairo', '2026-04-23T00:00Z', '04-23T22:00'],
    ['Asia/Beirut', '2026-03-28T00:00Z', '03-28T22:00'],
    ['America/Santiago', '2026-09-05T12:00Z', '09-06T04:00'],
    ['America/Havana', '2026-03-07T12:00Z', '03-08T05:00'],
  ])('what runs at midnight in %s does not miss that day', (timeZone, from, due) => {
    expect(times('0 0 * * *', timeZone, from, 1)).toEqual([due]);
    expect(times('30 0 * * *', timeZone, from, 1)).toEqual([due]);
  });
});

describe('an expression for every hour', () => {
  it('keeps to the wall clock where it changes by half an hour', () => {
    expect(times('0 * * * *', 'Australia/Lord_Howe', '2026-04-04T13:30Z', 3)).toEqual(['04-04T14:00', '04-04T15:30', '04-04T16:30']);
    expect(times('0 * * * *', 'Australia/Lord_Howe', '2026-10-03T14:00Z', 3)).toEqual(['10-03T14:30', '10-03T16:00', '10-03T17:00']);
  });

  it('knows what the clock will show when it comes due half a year from now', () => {
    expect(times('0 * 1 7 *', 'Europe/Berlin', '2026-01-15T00:00Z', 2)).toEqual(['06-30T22:00', '06-30T23:00']);
  });

  it('runs in both of two equal hours before midnight, the last ones of the day that it names', () => {
    expect(times('30 * 29 10 *', 'Africa/Cairo', '2026-10-29T19:40Z', 3)).toEqual(['10-29T20:30', '10-29T21:30', '10-28T22:30']);
  });
});

describe('any schedule in any zone', () => {
  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Santiago', 'Asia/Kolkata', 'UTC');
  const list = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 4 }).map((values) => values.join(','));
  const minutes = fc.oneof(fc.constantFrom('*', '*/7', '0', '30'), list(59));
  const hours = fc.oneof(fc.constantFrom('*', '*/3', '0-4', '22-23', '0', '2'), list(23));
  const crons = fc.tuple(minutes, hours, fc.constantFrom('* * *', '* * *', '*/2 * *', '* * 0,5,6')).map((parts) => parts.join(' '));
  // Around the changes of 2026, where anything can go wrong, and somewhere else.
  const changes = ['2026-03-08', '2026-03-29', '2026-04-04', '2026-04-05', '2026-04-24', '2026-09-06', '2026-10-04', '2026-10-25', '2026-10-30', '2026-11-01'];
  const starts = fc.oneof(fc.constantFrom(...changes), fc.constantFrom('2026-01-15', '2026-07-01')).map((day) => at(`${day}T00:00Z`) - DAY_MS);
  const offsets = fc.integer({ min: 0, max: 2 * DAY_MS });

  /** What the wall clock shows, minute by minute, read in another way than the code does. */
  const readings = (timeZone: string, fromMs: number, minuteCount: number) => {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    return Array.from({ length: minuteCount }, (_, minute) => Date.parse(`${format.format(fromMs + minute * MINUTE_MS).replace(' ', 'T')}Z`));
  };

  it('comes due exactly when the wall clock first reaches, or jumps over, a time it names', () => {
    fc.assert(
      fc.property(zones, crons, starts, offsets, (timeZone, cron, startMs, offsetMs) => {
        const expression = CronExpressionParser.parse(cron, { tz: 'UTC' });
        const isEveryHour = expression.fields.hour.values.length === 24;
        const shown = readings(timeZone, startMs, 5 * 24 * 60);
        const due = new Set<number>();
        let furthest = shown[0]! - MINUTE_MS;
        for (const [minute, reading] of shown.entries()) {
          const fresh = isEveryHour ? [reading] : Array.from({ length: Math.max(0, (reading - furthest) / MINUTE_MS) }, (_, index) => furthest + (index + 1) * MINUTE_MS);
          if (fresh.some((one) => expression.includesDate(new Date(one)))) due.add(startMs + minute * MINUTE_MS);
          furthest = Math.max(furthest, reading);
        }
        const nowMs = startMs + DAY_MS + offsetMs;
        const expected = [...due].find((moment) => moment > nowMs);
        const found = nextDue({ cron, timeZone, previousDueMs: null, nowMs });
        const endMs = startMs + 5 * DAY_MS;
        expect(found < endMs ? new Date(found).toISOString() : 'later').toBe(expected === undefined ? 'later' : new Date(expected).toISOString());
      }),
      { numRuns: 60 },
    );
  });

  it('is later than now and than the last time, and the same whichever of the two is the later one', () => {
    fc.assert(
      fc.property(zones, crons, starts, offsets, offsets, (timeZone, cron, startMs, one, other) => {
        const due = nextDue({ cron, timeZone, previousDueMs: startMs + one, nowMs: startMs + other });
        expect(due).toBeGreaterThan(startMs + Math.max(one, other));
        expect(nextDue({ cron, timeZone, previousDueMs: null, nowMs: startMs + Math.max(one, other) })).toBe(due);
      }),
    );
  });

  it('never goes back as time goes on, and skips nothing', () => {
    fc.assert(
      fc.property(zones, crons, starts, offsets, offsets, (timeZone, cron, startMs, one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)].map((nowMs) => nextDue({ cron, timeZone, previousDueMs: null, nowMs: startMs + nowMs }));
        expect(later).toBeGreaterThanOrEqual(earlier!);
        if (earlier! > startMs + Math.max(one, other)) expect(later).toBe(earlier);
      }),
    );
  });
});

describe('the check of a schedule', () => {
  it.each(['* * * * *', '*/5 * * * * *', '0 9 * * MON-FRI', '0 0 L * *', ' 0 0 * * thu ', '0 0 * * 5#3'])('takes "%s"', (cron) => {
    expect(() => checkCron(cron, 'Europe/Berlin')).not.toThrow();
  });

  it.each([
    ['', 'write five fields'],
    ['* * * *', 'write five fields'],
    ['* * * * * * *', 'write five fields'],
    ['@daily', 'write five fields'],
    ['60 * * * *', 'minute: Constraint error, got value 60 expected range 0-59'],
    ['60 * * * * *', 'second: Constraint error, got value 60 expected range 0-59'],
    ['* 1,24 * * *', 'hour: Constraint error, got value 24'],
    ['* * 32 * *', 'day of month: Constraint error, got value 32'],
    ['* * * FOO *', 'month: Validation error'],
    ['0 0 * * 9', 'weekday: Constraint error, got value 9'],
    ['*/0 * * * *', 'minute: Constraint error, cannot repeat at every 0 time'],
    ['0 0 30 2 *', '"0 0 30 2 *" cannot be a schedule: Invalid explicit day of month definition.'],
    ['0 0 31 2,4,6 *', 'loop limit exceeded'],
    ['a b c d e', 'cannot be a schedule'],
    ['H * * * *', 'write a number instead of H'],
    ['H(1-5)/2 * * * *', 'write a number instead of H'],
    [`${'1,'.repeat(600)}1 * * * *`, 'too long'],
  ])('refuses "%s" and says why', (cron, text) => {
    expect(() => checkCron(cron, 'UTC')).toThrow(text);
  });

  it.each(['', 'Mars/Base', 'local', '../etc'])('refuses the zone "%s"', (timeZone) => {
    expect(() => checkCron('* * * * *', timeZone)).toThrow('write an IANA name like Europe/Berlin or UTC');
  });

  it('throws nothing but errors with a reason, whatever is written', () => {
    const anything = fc.oneof(fc.string(), fc.array(fc.constantFrom('*', '1', '/', ',', '-', '#', 'L', '?', 'W', ' '), { maxLength: 20 }).map((signs) => signs.join('')));
    fc.assert(
      fc.property(anything, (cron) => {
        try {
          checkCron(cron, 'UTC');
        } catch (error) {
          return error instanceof Error && error.message.startsWith('"');
        }
        return nextDue({ cron, timeZone: 'UTC', previousDueMs: null, nowMs: 0 }) > 0;
      }),
    );
  });
});
