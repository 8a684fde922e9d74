import { pino, type DestinationStream, type Logger } from 'pino';
import { currentContext, traceIdOf } from './message-context.js';

export type { Logger } from 'pino';

/** Field names whose values never reach a log, wherever they stand. */
const secretFields = ['password', 'passwordHash', 'token', 'secret', 'authorization', 'cookie', 'code', 'otp', 'html', 'text', 'connectionString'];
const redactedPaths = secretFields.flatMap((name) => (name === 'code' ? [`body.${name}`, `payload.${name}`, `data.${name}`] : [name, `*.${name}`, `*.*.${name}`]));

export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level: string;
}

/**
 * The one logger of a process: a JSON line per state change, with the trace, correlation and tenant of the running work.
 * @param destination where lines go; standard output by default.
 */
export function createLogger({ service, instance, level }: LoggerOptions, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { service, instance },
      redact: { paths: redactedPaths, censor: '(hidden)' },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => {
        const context = currentContext();
        if (context === undefined) return {};
        return { correlationId: context.correlationId, traceId: traceIdOf(context.traceparent), tenant: context.tenant };
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** A logger that says nothing; for libraries used without one, and for tests. */
export const silentLogger: Logger = pino({ level: 'silent' });
