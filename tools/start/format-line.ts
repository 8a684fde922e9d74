import type { Colour, Paint } from './paint.js';

const levels: Readonly<Record<string, Colour | undefined>> = { warn: 'yellow', error: 'red', fatal: 'red', debug: 'grey', trace: 'grey' };
/** Said by the prefix already, or too long for the eye; the JSON lines of the service have them all. */
const leftOut = new Set(['level', 'time', 'msg', 'service', 'instance', 'pid', 'hostname', 'context', 'traceId', 'correlationId', 'tenant', 'err', 'error', 'reason']);
const maxFields = 8;
const maxValueLength = 80;
const maxCauseLength = 300;
const maxFrames = 6;

/**
 * A line of a service for the eye: a JSON log line becomes time, level, message and a few fields; any other stays as it is.
 * A stack follows below its line.
 */
export function formatLine(line: string, paint: Paint): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const level = typeof entry['level'] === 'string' ? entry['level'] : 'info';
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  const error = describe(entry['err'] ?? entry['error'] ?? entry['reason']);
  const colour = levels[level];
  const head = colour === undefined ? message : paint(`${level.toUpperCase()} ${message}`, colour);
  // Nest and pino repeat the error's own message as the line's.
  const cause = error === undefined || message.includes(error.message) ? '' : paint(short(`${error.name}${error.message}`, maxCauseLength), 'red');
  const details = fields(entry);
  const first = [paint(timeOf(entry['time']), 'grey'), head, cause, details === '' ? '' : paint(details, 'grey')].filter((it) => it !== '').join(' ');
  const isFailure = level === 'error' || level === 'fatal';
  return isFailure && error?.stack !== undefined ? `${first}\n${paint(error.stack, 'grey')}` : first;
}

/** The reader's own time of day. */
function timeOf(value: unknown): string {
  const time = new Date(typeof value === 'string' || typeof value === 'number' ? value : Number.NaN);
  if (Number.isNaN(time.getTime())) return '--:--:--.---';
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(11, 23);
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

/** On one line, and not longer than that. */
function short(text: string, maxLength = maxValueLength): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > maxLength ? `${line.slice(0, maxLength - 1)}…` : line;
}

function describe(value: unknown): { name: string; message: string; stack: string | undefined } | undefined {
  if (typeof value === 'string') return { name: '', message: value, stack: undefined };
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, code, message, stack } = value as { type?: unknown; code?: unknown; message?: unknown; stack?: unknown };
  if (typeof message !== 'string') return undefined;
  const name = typeof code === 'string' ? code : typeof type === 'string' && type !== 'Error' ? type : undefined;
  const frames = typeof stack === 'string' ? stack.split('\n').filter((it) => /^\s+at /.test(it)).slice(0, maxFrames) : [];
  return { name: name === undefined ? '' : `${name}: `, message, stack: frames.length === 0 ? undefined : frames.join('\n') };
}
