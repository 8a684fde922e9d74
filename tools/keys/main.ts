// npm run keys -- create | list | revoke | service-token | service-tokens | revoke-service-token
import { AngariumError } from '@angarium/errors';
import { openSql } from '@angarium/database';
import { silentLogger } from '@angarium/observability';
import { Advice } from '../start/advice.js';
import { findDatabase } from './find-database.js';
import { parseCommand, usage, WrongUsage } from './parse-command.js';
import { runCommand } from './run-command.js';

/** @returns the exit code: 2 for a command line that does not fit, 1 for everything else that went wrong. */
async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  if (command.kind === 'help') {
    console.log(usage);
    return 0;
  }
  const sql = openSql({ url: await findDatabase(process.env, process.cwd()), poolSize: 1, logger: silentLogger, applicationName: 'angarium-keys' });
  try {
    return await runCommand(command, sql, { out: (line) => console.log(line), note: (line) => console.error(line) });
  } finally {
    await sql.end();
  }
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const isForReader = error instanceof Advice || error instanceof WrongUsage;
    if (error instanceof AngariumError) console.error(`${error.code}: ${error.message}`);
    else console.error(isForReader ? error.message : error);
    if (error instanceof WrongUsage) console.error(`\n${usage}`);
    process.exitCode = error instanceof WrongUsage ? 2 : 1;
  },
);
