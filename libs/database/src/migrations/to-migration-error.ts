import { AngariumError } from '@angarium/errors';
import pg from 'pg';
import { toDatabaseError } from '../postgres-errors.js';
import { MigrationErrors } from './errors.js';

/**
 * What the engine threw, as one of our errors.
 * @param lastFailure what the database connection said last: the engine's own error has neither its code nor its line.
 */
export function toMigrationError(error: unknown, lastFailure: unknown): AngariumError {
  if (error instanceof AngariumError) return error;
  if (lastFailure !== undefined) {
    const translated = toDatabaseError(lastFailure);
    if (translated instanceof AngariumError) return translated;
  }
  const { code, message } = error as { code?: string; message?: string };
  const reason = lastFailure instanceof pg.DatabaseError ? describeSqlError(lastFailure) : firstLines(message ?? String(error));
  return MigrationErrors.MIGRATION_ENGINE_FAILED(`The migration engine failed${code === undefined ? '' : ` (${code})`}: ${reason}`, { cause: error });
}

/** `ERROR 42P01: relation "soup" does not exist`, with the line of the script where Postgres names a position. */
export function describeSqlError(error: pg.DatabaseError, script?: string): string {
  const text = `${error.severity ?? 'ERROR'} ${error.code ?? ''}: ${error.message}`;
  const position = Number(error.position);
  if (script === undefined || !Number.isInteger(position) || position < 1) return text;
  const line = script.slice(0, position - 1).split('\n').length;
  return `${text} (line ${line}: ${script.split('\n')[line - 1]?.trim().slice(0, 120) ?? ''})`;
}

function firstLines(message: string): string {
  return message.split('\n   0: ', 1)[0]?.trim().slice(0, 1_000) ?? '';
}
