import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Nest's Redis transport reports every attempt to reconnect as an error; that Redis is away is told once, by our own connections. */
function isReconnecting(message: unknown, rest: readonly unknown[]): boolean {
  const context = rest.at(-1);
  const code = (message as { code?: unknown } | null | undefined)?.code;
  return (context === 'ServerRedis' || context === 'ClientRedis') && typeof code === 'string';
}

/** Lets Nest speak through our logger. Its chatter about modules and routes goes to debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write(isReconnecting(message, rest) ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: 'debug' | 'error' | 'warn' | 'trace' | 'fatal', message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? (rest.at(-1) as string) : undefined;
    const error = message instanceof Error ? message : rest.find((it) => it instanceof Error);
    const text = message instanceof Error ? message.message : typeof message === 'string' ? message : JSON.stringify(message);
    this.logger[level]({ ...(context === undefined ? {} : { context }), ...(error === undefined ? {} : { err: error }) }, text);
  }
}
