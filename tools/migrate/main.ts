// node tools/run.mjs migrate deploy | new <name> | check | status
import { databaseVariables, defineConfig, loadConfig } from '@angarium/config';
import { checkMigrations, createMigration, deployMigrations, migrationStatus } from '@angarium/database/migrations';

const USAGE = 'usage: migrate deploy | new <name> | check | status      (DATABASE_URL says where)';
const commands: Record<string, (databaseUrl: string, name: string | undefined) => Promise<number>> = {
  async deploy(url) {
    const applied = await deployMigrations(url);
    for (const name of applied) console.log(`applied  ${name}`);
    console.log(applied.length === 0 ? 'nothing to do: all migrations are applied' : `${applied.length} applied`);
    return 0;
  },
  async new(url, name) {
    if (name === undefined) throw new Error(USAGE);
    const created = await createMigration(url, name);
    console.log(created === undefined ? 'nothing to do: the migrations match the schema' : `created  prisma/migrations/${created}; read it, then deploy`);
    return 0;
  },
  async check(url) {
    const { inSync, missingSql } = await checkMigrations(url);
    if (inSync) console.log('the migrations match the schema');
    else console.error(`The schema has changes without a migration; make one with: migrate new <name>\n\n${missingSql}`);
    return inSync ? 0 : 2;
  },
  async status(url) {
    const { upToDate, ...lists } = await migrationStatus(url);
    for (const [state, names] of Object.entries(lists)) for (const name of names) console.log(`${state.padEnd(8)} ${name}`);
    console.log(upToDate ? 'up to date' : 'not up to date');
    return upToDate ? 0 : 2;
  },
};

const [command, name] = process.argv.slice(2);
const run = command === undefined ? undefined : commands[command];
if (run === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    const { DATABASE_URL } = loadConfig(defineConfig('migrate', { DATABASE_URL: databaseVariables.DATABASE_URL }));
    process.exitCode = await run(DATABASE_URL, name);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.error(code === undefined ? error : `${code}: ${message}`);
    process.exitCode = 1;
  }
}
