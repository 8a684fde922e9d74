import { describeError } from '@angarium/errors';
import type { Logger } from '@angarium/observability';

/** Time for closing connections after the work in flight has ended. */
const CLOSING_MS = 5_000;

/**
 * On SIGTERM or SIGINT: runs `stop` once, then exits 0; exits 1 when it fails or takes longer than the grace time.
 * A second signal does not hurry it: whoever wants that sends SIGKILL.
 */
export function stopOnSignal(logger: Logger, graceMs: number, stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    const started = performance.now();
    logger.info({ signal }, 'stopping');
    const overdue = setTimeout(() => {
      logger.error({ graceMs }, 'work in flight did not end within SHUTDOWN_GRACE_MS; what was left is handed to others');
      process.exit(1);
    }, graceMs + CLOSING_MS);
    stop().then(
      () => {
        clearTimeout(overdue);
        logger.info({ ms: Math.round(performance.now() - started) }, 'stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ reason: describeError(error), err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
