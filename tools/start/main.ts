import { Advice } from './advice.js';
import { checkPorts } from './check-ports.js';
import { openDataFolder } from './data-folder.js';
import { Interrupted, Lifecycle } from './lifecycle.js';
import { paintFor } from './paint.js';
import { parseArguments, usage } from './parse-arguments.js';
import { Printer } from './printer.js';
import { services } from './services.js';
import { readSettings } from './settings.js';
import { onStopSignals } from './stop-signals.js';
import { startSystem } from './system.js';

const forcedExitCode = 130;

/**
 * `npm start`: checks → servers and bundles → migrations → services → running → stop, in order, whatever the reason.
 * Every child is in a process group of its own, so a Ctrl-C in the terminal reaches only this process, which then stops
 * them one after the other. Should this process be killed outright, the watchers of the harness end the children.
 * @returns the exit code: 0 after a stop that was asked for, 1 when something did not start or stay up, 130 when the stop was forced.
 */
async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const printer = new Printer(paintFor(process.stdout.isTTY, env), (text) => process.stdout.write(text));
  const args = parseArguments(argv, services, env);
  if (args.help) {
    printer.say(usage(services));
    return 0;
  }
  const settings = readSettings(args, services, env, process.cwd());
  await checkPorts(settings.wanted, settings.host, settings.dataDir);
  const data = await openDataFolder(settings.dataDir);

  const lifecycle = new Lifecycle();
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  let isForced = false;
  onStopSignals(
    {
      first: (reason) => {
        printer.say(`\n${reason}: stopping; Ctrl-C once more does not wait for work in flight`);
        end(0);
      },
      again: () => {
        if (isForced) process.exit(forcedExitCode); // the harness's watchers end what is left
        isForced = true;
        printer.fail('Forced: services that still run are killed.');
        lifecycle.forceAll();
      },
    },
    env,
  );
  const onGivenUp = (text: string) => {
    if (lifecycle.isStopping) return;
    printer.fail(`\n${text}\n\nEverything is stopped therefore.`);
    end(1);
  };
  startSystem({ settings, data, lifecycle, printer, onGivenUp }, env).then(
    (text) => lifecycle.isStopping || printer.say(text),
    (error: unknown) => onGivenUp(messageOf(error)),
  );
  const code = await ended;
  for (const error of await lifecycle.stopAll()) printer.fail(`Could not stop everything: ${messageOf(error)}`);
  await data.close();
  printer.say('Stopped.');
  return isForced ? forcedExitCode : code;
}

/** Errors with a code or for the user are messages; of any other, where it comes from is wanted. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (error instanceof Advice || error instanceof Interrupted) return error.message;
  return code === undefined ? (error.stack ?? error.message) : `${code}: ${error.message}`;
}

main(process.argv.slice(2), process.env).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(error instanceof Advice ? error.exitCode : 1);
  },
);
