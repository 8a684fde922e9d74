import type { Colour, Paint } from './paint.js';

const levels: Readonly<Record<string, Colour | undefined>> = { warn: 'yellow', error: 'red', fatal: 'red', debug: 'grey', trace: 'grey' };
/** Said by the prefix already, or too long for the eye; the JSON lines of the service have them all. */
const leftOut = new Set(['level', 'time', 'msg', 'service', 'instance', 'pid', 'hostname', 'context', 'traceId', 'correlationId', 'tenant', 'err', 'error']);
const maxFields = 8;
const maxValueLength = 80;

/**
 * A line of a service for the eye: a JSON log line becomes time, level, message and a few fields; any other stays as it is.
 * A stack follows below its line.
 */
export function formatLine(line: string, paint: Paint): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const level = typeof entry['level'] === 'string' ? entry['level'] : 'info';
  const colour = levels[level];
  const time = typeof entry['time'] === 'string' ? entry['time'].slice(11, 23) : '';
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  const error = describe(entry['err'] ?? entry['error']);
  const head = [time === '' ? '' : paint(time, 'grey'), colour === undefined ? '' : paint(level.toUpperCase(), colour), colour === undefined ? message : paint(message, colour)];
  // Nest and pino repeat the error's own message as the line's.
  const cause = error === undefined || message.includes(error.text) ? '' : paint(error.text, 'red');
  const parts = [...head, cause, paint(fields(entry), 'grey')].filter((it) => it !== '' && it !== paint('', 'grey'));
  const stack = error?.stack === undefined || colour === undefined || level === 'warn' ? '' : `\n${paint(error.stack, 'grey')}`;
  return parts.join(' ') + stack;
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return 'level' in value ? value : undefined;
  } catch {
    // Something else that begins with a brace.
    return undefined;
  }
}

function fields(entry: Record<string, unknown>): string {
  const shown = Object.entries(entry).filter(([name, value]) => !leftOut.has(name) && value !== undefined && value !== null);
  const texts = shown.slice(0, maxFields).map(([name, value]) => `${name}=${short(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return texts.join(' ') + (shown.length > maxFields ? ` +${shown.length - maxFields}` : '');
}

const short = (text: string) => (text.length > maxValueLength ? `${text.slice(0, maxValueLength - 1)}…` : text);

function describe(value: unknown): { text: string; stack: string | undefined } | undefined {
  if (typeof value === 'string') return { text: value, stack: undefined };
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, code, message, stack } = value as { type?: unknown; code?: unknown; message?: unknown; stack?: unknown };
  const name = typeof code === 'string' ? code : typeof type === 'string' && type !== 'Error' ? type : undefined;
  const text = [name, typeof message === 'string' ? message : undefined].filter((it) => it !== undefined && it !== '').join(': ');
  const frames = typeof stack === 'string' ? stack.split('\n').filter((it) => /^\s+at /.test(it)).slice(0, 6) : [];
  return text === '' ? undefined : { text, stack: frames.length === 0 ? undefined : frames.join('\n') };
}
