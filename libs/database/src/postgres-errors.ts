import { isNativeError } from 'node:util/types';
import { AngariumError, SharedErrors } from '@angarium/errors';
import { DatabaseErrors } from './errors.js';

/** What Prisma, its adapter or pg say of a failure, wherever they put it. */
interface Facts {
  /** P1001, P2002 … */
  readonly prismaCode?: string;
  /** 57P01, 23505 …, or a socket's ECONNREFUSED. */
  readonly code?: string;
  /** The adapter's word: DatabaseNotReachable, UniqueConstraintViolation … */
  readonly kind?: string;
  readonly constraint?: string;
  readonly table?: string;
  /** Prisma names the limit (ms) of a transaction that ran too long, and none for one that never began. */
  readonly hasTimeLimit: boolean;
}

const awayKinds = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError', 'TooManyConnections']);
const awayPrismaCodes = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037']);
const awayCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Shut down, crashed, starting, session ended by a timeout, read-only after a failover. */
const awayStates = new Set(['57P01', '57P02', '57P03', '57P05', '25P03', '25006']);
/** Connection exceptions; out of connections, memory or disk; the server's own trouble with its files. */
const awayClasses = new Set(['08', '53', '58']);
/** Login refused or no such database: a person corrects it, and then it works without a restart. */
const loginCodes = new Set(['28P01', '28000', '3D000', 'P1000', 'P1003', 'P1010']);
/** A character that Postgres' text or JSON cannot hold (U+0000, half of a surrogate pair), or a text that is none of the wanted type. */
const unfitStates = new Set(['22021', '22P02', '22P05']);
/** Statement or lock timeout, serialisation failure, deadlock. */
const busyStates = new Set(['57014', '55P03', '40001', '40P01']);

/**
 * Translates what Prisma and pg throw, once: by code, never by text. What is not about the state of the database comes back
 * unchanged: a violated constraint, a wrong query, and every error that is one of ours already.
 */
export function toDatabaseError(error: unknown): unknown {
  if (error instanceof AngariumError || !isNativeError(error)) return error;
  const facts = factsOf(error);
  const { prismaCode, code, kind, hasTimeLimit } = facts;
  const name = code ?? kind ?? prismaCode;
  const isOneOf = (codes: ReadonlySet<string>) => codes.has(code ?? '') || codes.has(prismaCode ?? '');
  if (isOneOf(loginCodes)) {
    return DatabaseErrors.DATABASE_UNAVAILABLE(`PostgreSQL refused the login or has no such database (${name}). Check DATABASE_URL and that the migrations ran.`, {
      cause: error,
    });
  }
  if (isOneOf(busyStates) || prismaCode === 'P2034' || (prismaCode === 'P2028' && hasTimeLimit)) {
    return DatabaseErrors.DATABASE_BUSY(undefined, { cause: error });
  }
  if (isOneOf(unfitStates)) {
    return SharedErrors.INVALID_INPUT('A text holds what cannot be stored: the character U+0000, half of a surrogate pair, or no value of the wanted kind. Send it without.', { cause: error });
  }
  const isAway =
    isOneOf(awayStates) ||
    isOneOf(awayCodes) ||
    isOneOf(awayPrismaCodes) ||
    awayKinds.has(kind ?? '') ||
    (isSqlState(code) && awayClasses.has(code.slice(0, 2))) ||
    prismaCode === 'P2028' || // no connection came free in time
    isCodeless(error, facts);
  return isAway ? DatabaseErrors.DATABASE_UNAVAILABLE(`PostgreSQL does not answer (${name ?? error.message}). Try again; the service reconnects by itself.`, { cause: error }) : error;
}

/** Runs `work` and translates what it throws. */
export async function translateDatabaseErrors<T>(work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDatabaseError(error);
  }
}

/**
 * Whether a write failed because a row with this value exists.
 * @param names nothing for any constraint; its name (`users_email_key_key`); or its fields as in the schema, in order (`'tenant', 'idempotencyKey'`).
 */
export function isUniqueViolation(error: unknown, ...names: readonly string[]): boolean {
  if (!isNativeError(error)) return false;
  const { prismaCode, code, constraint, table } = factsOf(error);
  if (code !== '23505' && prismaCode !== 'P2002') return false;
  if (names.length === 0 || names[0] === constraint) return true;
  const columns = names.map((it) => it.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  return constraint === `${table}_${columns.join('_')}_key`;
}

function isSqlState(code: string | undefined): code is string {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code);
}

/**
 * pg tells of a connection that ended, could not be had in time or is not usable by a plain Error without any code;
 * everything else that it or Prisma throws has a code or a class of its own.
 */
function isCodeless(error: Error, { prismaCode, code, kind }: Facts): boolean {
  return error.constructor.name === 'Error' && prismaCode === undefined && code === undefined && kind === undefined;
}

function factsOf(error: Error): Facts {
  const outer = error as { code?: unknown; errorCode?: unknown; meta?: Record<string, unknown>; constraint?: unknown; table?: unknown };
  const adapterError = (outer.meta?.['driverAdapterError'] ?? error) as { cause?: unknown };
  const inner = isObject(adapterError.cause) ? adapterError.cause : {};
  const outerCode = text(outer.code) ?? text(outer.errorCode);
  const isPrisma = /^P\d{4}$/.test(outerCode ?? '');
  const target = isObject(inner['constraint']) ? inner['constraint'] : {};
  return {
    prismaCode: isPrisma ? outerCode : undefined,
    code: text(inner['originalCode']) ?? text(inner['code']) ?? (isPrisma ? undefined : outerCode),
    kind: text(inner['kind']),
    constraint: text(target['index']) ?? text(outer.constraint),
    table: text(inner['table']) ?? text(outer.table),
    hasTimeLimit: outer.meta?.['timeout'] !== undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
