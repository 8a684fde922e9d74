export { createDatabase } from './database.js';
export type { Database, DatabaseOptions, Transaction, TransactionOptions } from './database.js';
export { DatabaseErrors } from './errors.js';
export type { OutboxOwner, Owner } from './owners.js';
export { translateDatabaseErrors } from './postgres-errors.js';
