import { createLogger, type Logger } from '@angarium/observability';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** For tests: a logger whose lines can be looked at. */
export function recordedLog(level = 'debug'): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = createLogger({ service: 'test', instance: 'test', level }, { write: (line) => void lines.push(JSON.parse(line) as LogLine) });
  return { logger, lines };
}
