/** Where an ignored error goes; a pino logger fits. */
export interface IgnoredErrorLog {
  debug(fields: object, message: string): void;
}

/**
 * The one way to leave an error without consequence: says where and why.
 * @example await subscriber.quit().catch(ignoreError(log, 'transport.close', 'the socket may be gone already'));
 */
export function ignoreError(log: IgnoredErrorLog, where: string, why: string): (error: unknown) => void {
  return (error) => log.debug({ where, why, err: error }, 'ignored error');
}
