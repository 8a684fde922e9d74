import { CronExpressionParser, type CronExpression } from 'cron-parser';

const DAY_MS = 86_400_000;
/** No time zone changes its clock twice within so long, nor by more than a day. */
const STEADY_MS = 7 * DAY_MS;
const FIELD_COUNTS = [5, 6];
/** From the right: seconds may be left out. */
const FIELD_NAMES_FROM_RIGHT = ['weekday', 'month', 'day of month', 'hour', 'minute', 'second'];
/** Formatters are slow to make and not small. */
const MAX_FORMATTER_COUNT = 64;
const EVERY_HOUR = 24;

export interface Schedule {
  /** Five fields (minute, hour, day of month, month, day of week), or six with seconds before them. */
  readonly cron: string;
  /** IANA name, as Europe/Berlin. */
  readonly timeZone: string;
  /** Its last time, whenever that was carried out; null if there is none yet. */
  readonly previousDueMs: number | null;
  readonly nowMs: number;
}

/**
 * The next time of a schedule, strictly after both its last time and now: a clock that goes back repeats nothing, and after an outage it runs on from
 * now instead of making up for each time it missed. Pure.
 *
 * When the clocks change, an expression for every hour goes on in real time. One for certain hours runs once for each time of day it names: in an hour
 * that comes twice the first time, and a time of day that is left out at the moment when the clock jumps over it.
 *
 * cron-parser is asked in UTC, on the wall clock's digits, and zones are applied here: on its own it drops the whole day where a zone jumps at midnight
 * (Cairo, Beirut, Havana, Santiago), and repeats a time of day if it is asked within the second of two equal hours.
 *
 * @param schedule one that `checkCron` takes; it is not checked again whether it ever comes due, which costs more than the rest.
 * @throws Error for any other.
 */
export function nextDue({ cron, timeZone, previousDueMs, nowMs }: Schedule): number {
  const afterMs = Math.floor(Math.max(previousDueMs ?? -Infinity, nowMs));
  const zone = zoneOf(timeZone);
  const expression = parse(cron);
  return expression.fields.hour.values.length === EVERY_HOUR ? nextInRealTime(expression, zone, afterMs) : nextTimeOfDay(expression, zone, afterMs);
}

/**
 * Refuses what `nextDue` could not work with, in words that name the cure.
 * @throws Error
 */
export function checkCron(cron: string, timeZone: string): void {
  zoneOf(timeZone);
  try {
    parse(cron).next();
  } catch (error) {
    const shown = cron.length > 80 ? `${cron.slice(0, 80)}…` : cron;
    const field = faultyField(cron);
    throw new Error(`"${shown}" cannot be a schedule: ${field === undefined ? '' : `${field}: `}${error instanceof Error ? error.message : String(error)}.`, { cause: error });
  }
}

/** The first field that is wrong on its own; undefined where it is their number, or how they go together. */
function faultyField(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/);
  if (!FIELD_COUNTS.includes(fields.length)) return undefined;
  const isWrong = (field: string, at: number) => {
    try {
      parse(fields.map((_, other) => (other === at ? field : '*')).join(' '));
      return false;
    } catch {
      return true; // what is wrong was said by the whole expression
    }
  };
  const at = fields.findIndex(isWrong);
  return at === -1 ? undefined : FIELD_NAMES_FROM_RIGHT[fields.length - 1 - at];
}

function parse(cron: string): CronExpression {
  const fields = cron.trim().split(/\s+/);
  if (!FIELD_COUNTS.includes(fields.length) || fields[0] === '') throw new Error('write five fields (minute hour day month weekday), or six with seconds before them');
  // H (not that of THU) stands for a random value, and would be another one at each look.
  if (/(?<![A-Z])H(?![A-Z])/i.test(cron)) throw new Error('write a number instead of H');
  return CronExpressionParser.parse(cron.trim(), { tz: 'UTC', currentDate: new Date(0) });
}

/** First wall clock reading after another one, both written as if they were UTC. */
function nextReading(expression: CronExpression, readingMs: number): number {
  expression.reset(new Date(readingMs));
  return expression.next().getTime();
}

function nextTimeOfDay(expression: CronExpression, zone: Zone, afterMs: number): number {
  const change = zone.firstChange(afterMs - DAY_MS, afterMs);
  // In the second of two equal hours all readings up to the end of the first are over.
  const furthestMs = change === undefined ? -Infinity : change - 1 + zone.offsetAt(change - 1);
  return zone.firstMomentOf(nextReading(expression, Math.max(afterMs + zone.offsetAt(afterMs), furthestMs)));
}

function nextInRealTime(expression: CronExpression, zone: Zone, afterMs: number): number {
  for (let fromMs = afterMs; ; ) {
    const offsetMs = zone.offsetAt(fromMs + 1);
    const dueMs = nextReading(expression, fromMs + offsetMs) - offsetMs;
    const steadyMs = fromMs + STEADY_MS;
    const change = zone.firstChange(fromMs + 1, Math.min(dueMs, steadyMs));
    if (change !== undefined) fromMs = change - 1;
    else if (dueMs <= steadyMs) return dueMs;
    // No reading until then is named, nor is one shown again that was over at `fromMs`: look from nearby, where the offset may be another one.
    else fromMs = dueMs - STEADY_MS / 2;
  }
}

interface Zone {
  /** What the wall clock is ahead of UTC. */
  readonly offsetAt: (atMs: number) => number;
  /** The first moment after `fromMs`, up to `toMs`, with another offset than `fromMs` has; the two are at most STEADY_MS apart. */
  readonly firstChange: (fromMs: number, toMs: number) => number | undefined;
  /** When the wall clock reaches a reading for the first time, or first passes it. Grows with the reading. */
  readonly firstMomentOf: (readingMs: number) => number;
}

function zoneOf(timeZone: string): Zone {
  const formatter = formatterOf(timeZone);
  const offsetAt = (atMs: number): number => {
    const parts = new Map(formatter.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const readingMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return readingMs - Math.floor(atMs / 1_000) * 1_000;
  };
  const firstChange = (fromMs: number, toMs: number): number | undefined => {
    const offsetMs = offsetAt(fromMs);
    if (toMs <= fromMs || offsetAt(toMs) === offsetMs) return undefined;
    let [sameMs, otherMs] = [fromMs, toMs];
    while (otherMs - sameMs > 1) {
      const middleMs = Math.floor((sameMs + otherMs) / 2);
      if (offsetAt(middleMs) === offsetMs) sameMs = middleMs;
      else otherMs = middleMs;
    }
    return otherMs;
  };
  const firstMomentOf = (readingMs: number): number => {
    const change = firstChange(readingMs - DAY_MS, readingMs + DAY_MS);
    const beforeMs = readingMs - offsetAt(readingMs - DAY_MS);
    return change === undefined || beforeMs < change ? beforeMs : Math.max(change, readingMs - offsetAt(change));
  };
  return { offsetAt, firstChange, firstMomentOf };
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields });
  } catch (error) {
    throw new Error(`"${timeZone.slice(0, 80)}" is no time zone: write an IANA name like Europe/Berlin or UTC.`, { cause: error });
  }
  const [oldest] = formatters.keys();
  if (formatters.size >= MAX_FORMATTER_COUNT && oldest !== undefined) formatters.delete(oldest);
  formatters.set(timeZone, made);
  return made;
}
