import type { Call, Commands, Served } from './worker-protocol.js';

/** After `stop` has done its part a forgotten timer or socket must not keep the process. */
const LINGER_MS = 200;

/** The child's side of `Worker`: makes the part, then does what it is asked. Ends when asked to, or when the bench is gone. */
export async function serveWorker<A, C extends Commands>(make: (argument: A) => Promise<Served<C>> | Served<C>): Promise<void> {
  const { commands, stop } = await make(JSON.parse(process.argv[2] ?? 'null') as A);
  const reply = (message: unknown) => process.send?.(message);
  process.on('message', ({ id, name, ask }: Call) => {
    const command = commands[name] as ((it: unknown) => Promise<unknown>) | undefined;
    if (command === undefined) return reply({ id, error: `there is no command ${name}` });
    command(ask).then(
      (answer) => reply({ id, answer }),
      (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.once('disconnect', () => {
    const end = () => setTimeout(() => process.exit(0), LINGER_MS).unref();
    void stop().then(end, end);
  });
  reply({ id: 0, answer: true });
}
