import { waitFor } from '@angarium/testing';
import type { Api, Registered } from './api.js';
import type { Container } from './containers.js';
import type { Docker } from './docker.js';

interface Killed {
  readonly registered: readonly Registered[];
  /** How many registrations had been answered when the worker was killed. */
  readonly answeredAtKill: number;
}

/**
 * Registers all names at once and, when a quarter of them is answered, kills the process inside of a container (which takes a moment).
 * Not with `docker kill`: the engine takes that for a wish and would not start the container again.
 */
export async function killInTheMiddle(docker: Docker, api: Api, names: readonly string[], killed: Container): Promise<Killed> {
  let answered = 0;
  const registering = names.map(async (name) => {
    const user = await api.register(name);
    answered++;
    return user;
  });
  const killing = waitFor(() => answered >= names.length / 4, { what: 'a quarter of the registrations', timeoutMs: 60_000 }).then(async () => {
    // All processes of the container but its init, which ends with the service. The exec may end with them: its code says nothing.
    await docker.attempt('exec', killed.id, 'sh', '-c', 'kill -KILL -1');
    return answered;
  });
  const [registered, answeredAtKill] = await Promise.all([Promise.all(registering), killing]);
  return { registered, answeredAtKill };
}
