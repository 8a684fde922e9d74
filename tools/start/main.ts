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
import { workspaceRoot } from './workspace-root.js';

/**
 * `npm start`: checks → servers and bundles → migrations → services → running → stop, in order, whatever the reason.
 * Every child is in a process group of its own, so a Ctrl-C in the terminal reaches only this process, which then stops
 * them one after the other. Should this process be killed outright, the watchers of the harness end the children.
 */
async function main(): Promise<number> {
  const printer = new Printer(paintFor(process.stdout.isTTY, process.env), (text) => process.stdout.write(text));
  const names = services.map((it) => it.name);
  const args = parseArguments(process.argv.slice(2), names, process.env);
  if (args.help) {
    printer.say(usage(names));
    return 0;
  }
  const settings = readSettings(args, services, process.env, workspaceRoot());
  if (settings.replicas.length === 0) throw new Advice('Nothing is left to run; see npm start -- --help.', 2);
  await checkPorts(settings.wanted, settings.host);
  const data = await openDataFolder(settings.dataDir);

  const lifecycle = new Lifecycle();
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  onStopSignals({
    first: (reason) => {
      printer.say(`\n${reason}: stopping; once more forces it`);
      end(0);
    },
    again: () => {
      printer.fail('Forced: what still runs is killed.');
      process.exit(130);
    },
  });
  const onGivenUp = (message: string) => {
    printer.fail(message);
    end(1);
  };
  startSystem({ settings, data, lifecycle, printer, onGivenUp }, process.env).then(
    (text) => lifecycle.isStopping || printer.say(text),
    (error: unknown) => {
      if (!lifecycle.isStopping) onGivenUp(messageOf(error));
    },
  );
  const code = await ended;
  for (const error of await lifecycle.stopAll()) printer.fail(`Could not stop everything: ${messageOf(error)}`);
  await data.close();
  printer.say(code === 0 ? 'Stopped.' : 'Stopped everything.');
  return code;
}

function messageOf(error: unknown): string {
  if (error instanceof Advice || error instanceof Interrupted) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(error instanceof Advice ? error.exitCode : 1);
  },
);
