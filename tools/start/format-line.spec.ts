import { formatLine } from './format-line.js';
import { coloured, plain } from './paint.js';

const line = (fields: object) => JSON.stringify({ level: 'info', time: '2026-05-04T10:20:30.456Z', service: 'email-worker', instance: 'a-1', ...fields });
const format = (fields: object) => formatLine(line(fields), plain);
const localHours = String(new Date('2026-05-04T10:20:30.456Z').getHours()).padStart(2, '0');
const time = new RegExp(`^${localHours}:\\d\\d:30\\.456 `);

describe('a log line on the screen', () => {
  it('is the time of day here, the message and what belongs to it', () => {
    expect(format({ msg: 'mail sent', jobId: 'j1', attempt: 2, to: ['x'] })).toMatch(time);
    expect(format({ msg: 'mail sent', jobId: 'j1', attempt: 2, to: ['x'] }).slice(13)).toBe('mail sent jobId=j1 attempt=2 to=["x"]');
  });

  it('leaves out what the prefix says and what is for machines', () => {
    expect(format({ msg: 'x', correlationId: 'c', traceId: 't', tenant: 'system', context: 'Router' }).slice(13)).toBe('x');
  });

  it('names the level where a person should look', () => {
    expect(format({ level: 'warn', msg: 'slow' })).toContain('WARN slow');
    expect(formatLine(line({ level: 'error', msg: 'burnt' }), coloured)).toContain('\u001b[31mERROR burnt\u001b[0m');
    expect(format({ msg: 'fine' })).not.toContain('INFO');
  });

  it('says the cause of a failure, and shows the first frames of its stack', () => {
    const err = { type: 'RedisError', code: 'REDIS_UNAVAILABLE', message: 'Redis is away', stack: `RedisError: Redis is away\n${'    at f (x.ts:1:2)\n'.repeat(20)}` };
    const [first, ...rest] = format({ level: 'error', msg: 'handler failed', err }).split('\n');
    expect(first).toContain('ERROR handler failed REDIS_UNAVAILABLE: Redis is away');
    expect(rest).toEqual(Array.from({ length: 6 }, () => '    at f (x.ts:1:2)'));
  });

  it('puts a cause of several lines on one', () => {
    expect(format({ level: 'warn', msg: 'relay failed', err: { message: 'Invalid call:\n\n  no such table' } }).slice(13)).toBe('WARN relay failed Invalid call: no such table');
  });

  it('says a cause once when it is the message itself', () => {
    expect(format({ level: 'warn', msg: 'Redis is away', err: { type: 'Error', message: 'Redis is away' } }).slice(13)).toBe('WARN Redis is away');
  });

  it('shows no stack of a mere warning', () => {
    expect(format({ level: 'warn', msg: 'x', err: { message: 'y', stack: 'Error: y\n    at f' } })).not.toContain('\n');
  });

  it('stays one line of bearable length whatever the fields hold', () => {
    const shown = format({ msg: 'x', a: 'b\n'.repeat(500), ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, i])) });
    expect(shown).not.toContain('\n');
    expect(shown.length).toBeLessThan(250);
    expect(shown).toMatch(/… f0=0 .*\+13$/);
  });

  it.each(['plain words', '', '{ not json', '{"a":1}', '[1]', 'null'])('passes %j through as it is', (text) => {
    expect(formatLine(text, plain)).toBe(text);
  });
});
