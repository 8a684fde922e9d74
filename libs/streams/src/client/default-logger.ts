import { hostname } from 'node:os';
import { createLogger, type Logger } from '@angarium/observability';

let logger: Logger | undefined;

/** The logger of clients that were given none: JSON lines on standard output, level `info`. */
export function defaultLogger(): Logger {
  logger ??= createLogger({ service: 'redis-streams', instance: `${hostname()}-${process.pid}`, level: 'info' });
  return logger;
}

/** Sets the level of the default logger: `debug` shows every publish and acknowledgement. A logger given to a client keeps its own. */
export function setLogLevel(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'): void {
  defaultLogger().level = level;
}
