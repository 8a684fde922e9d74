import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { EngineConnections } from './engine-connections.js';
import { toMigrationError } from './to-migration-error.js';
import type { PrismaFolder } from './prisma-folder.js';

/** Nothing in the database is managed by others. */
export const noFilters: SchemaFilter = { externalTables: [], externalEnums: [] };

/** Says which kind of database the migrations are written for; the engine refuses another one. */
export const lockFile = { path: 'migration_lock.toml', content: '# Made by the migrate tool; do not edit.\nprovider = "postgresql"\n' };

/** @param lastFailure what the database connection said last, undefined while nothing failed. */
type EngineWork<T> = (engine: SchemaEngine, lastFailure: () => unknown) => Promise<T>;

let loaded: Promise<void> | undefined;

/**
 * Runs `work` with Prisma's schema engine as WebAssembly: the native one is a download, which an offline machine or a container cannot make.
 * Afterwards every connection is closed and every shadow database dropped, also after a failure.
 * @throws what `work` throws; failures of the engine or the database as `toMigrationError` translates them.
 */
export async function withSchemaEngine<T>(databaseUrl: string, folder: PrismaFolder, work: EngineWork<T>): Promise<T> {
  await (loaded ??= load());
  const connections = new EngineConnections(databaseUrl);
  const datamodels = folder.schemaFiles.map(({ path, content }): [string, string] => [path, content]);
  try {
    const engine = await bindings.SchemaEngine.new({ datamodels }, ignoreTrace, bindMigrationAwareSqlAdapterFactory(connections));
    try {
      return await work(engine, () => connections.lastFailure);
    } finally {
      engine.free();
    }
  } catch (error) {
    throw toMigrationError(error, connections.lastFailure);
  } finally {
    await connections.close();
  }
}

/** The folder's migrations in the form the engine reads. */
export function toMigrationList(folder: PrismaFolder): MigrationList {
  return {
    baseDir: folder.migrationsPath,
    lockfile: lockFile,
    shadowDbInitScript: '',
    migrationDirectories: folder.migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}

/** Of every JavaScript engine, but among TypeScript's types only in those of a browser. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: object } }> };
};

async function load(): Promise<void> {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
  const wasm = await readFile(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': withoutLingering(bindings) });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports as { __wbindgen_start: () => void }).__wbindgen_start();
  // the engine looks for this when it panics; without it the panic's text is lost behind a TypeError
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: (text: string) => process.emitWarning(text, 'SchemaEnginePanic') } });
}

/** The engine never clears the 10 s limit of its lock; its timers must not keep a finished process alive. */
function withoutLingering(imports: object): object {
  const unref = (set: (...given: unknown[]) => NodeJS.Timeout) => (...given: unknown[]) => set(...given).unref();
  const isTimer = (name: string) => name.startsWith('__wbg_setTimeout_');
  return Object.fromEntries(Object.entries(imports).map(([name, it]) => [name, isTimer(name) ? unref(it as (...given: unknown[]) => NodeJS.Timeout) : (it as unknown)]));
}

function ignoreTrace(): void {
  // the engine's own trace; its results and errors come back from the calls
}
