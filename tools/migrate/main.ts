// npm run migrate -- deploy | new <name> | check | status | resolve <name> applied|rolled-back
import { databaseVariables, defineConfig, loadConfig } from '@angarium/config';
import { checkMigrations, createMigration, deployMigrations, migrationStatus, resolveMigration } from '@angarium/database/migrations';

const usage = `usage: npm run migrate -- <command>     (DATABASE_URL says where)
  deploy                               apply the migrations that the database lacks; creates the database when it is missing
  new <name>                           write the migration that the changed schema files need, such as: new add_user_locale
  check                                do the migrations match the schema files? (exit code 2 when they do not)
  status                               how the database stands to the migrations (exit code 2 when not up to date)
  resolve <name> applied|rolled-back   say of an interrupted migration whether its changes are in the database`;

type Command = (databaseUrl: string, ...args: (string | undefined)[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  async deploy(url) {
    const applied = await deployMigrations(url);
    for (const name of applied) console.log(`applied  ${name}`);
    console.log(applied.length === 0 ? 'nothing to do: all migrations are applied' : `${applied.length} applied`);
    return 0;
  },

  async new(url, name) {
    if (name === undefined) return explain('new needs a name');
    const created = await createMigration(url, name);
    console.log(
      created === undefined
        ? 'nothing to do: the migrations match the schema files'
        : `created  prisma/migrations/${created}/migration.sql\nread it (it may drop columns), then: npm run migrate -- deploy`,
    );
    return 0;
  },

  async check(url) {
    const { isInSync, missingSql } = await checkMigrations(url);
    if (isInSync) console.log('the migrations match the schema files');
    else console.error(`The schema files have changes without a migration; make one with: npm run migrate -- new <name>\n\n${missingSql}`);
    return isInSync ? 0 : 2;
  },

  async status(url) {
    const { isUpToDate, ...lists } = await migrationStatus(url);
    for (const [state, names] of Object.entries(lists)) for (const name of names) console.log(`${state.padEnd(12)} ${name}`);
    console.log(isUpToDate ? 'up to date' : 'not up to date');
    return isUpToDate ? 0 : 2;
  },

  async resolve(url, name, as) {
    if (name === undefined || (as !== 'applied' && as !== 'rolled-back')) return explain('resolve needs a name, and applied or rolled-back');
    await resolveMigration(url, name, as);
    console.log(`${name} is noted as ${as}`);
    return 0;
  },
};

function explain(fault: string): number {
  console.error(`${fault}\n\n${usage}`);
  return 2;
}

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === '--help') {
    console.log(usage);
    return 0;
  }
  const command = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name];
  if (command === undefined) return explain(name === undefined ? 'say what to do' : `there is no command ${name}`);
  try {
    const { DATABASE_URL } = loadConfig(defineConfig('migrate', { DATABASE_URL: databaseVariables.DATABASE_URL }));
    return await command(DATABASE_URL, ...args);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.error(code === undefined ? error : `${code}: ${message}`);
    return 1;
  }
}

const [name, ...args] = process.argv.slice(2);
process.exitCode = await main(name, args);
