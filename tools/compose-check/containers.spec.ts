import { listContainers, waitUntilHealthy, type Container } from './containers.js';
import type { Docker } from './docker.js';

type Given = Partial<Pick<Container, 'status' | 'health' | 'exitCode'>> & Pick<Container, 'service'>;

/** An engine with these containers; each look sees the next list, the last one stays. */
function dockerWith(...looks: Given[][]): Docker {
  let look = -1;
  const line = ({ service, status = 'running', health = 'healthy', exitCode = 0 }: Given, i: number) =>
    JSON.stringify([
      ...[`id${i}`, service, '1', 'image', 0, { ReadonlyRootfs: true }, {}],
      { Status: status, ExitCode: exitCode, ...(health && { Health: { Status: health } }) },
    ]);
  const current = () => looks[Math.min(look, looks.length - 1)] ?? [];
  return {
    composeVersion: 'test',
    engineVersion: 'test',
    run: (command) => {
      if (command !== 'ps') return Promise.resolve(current().map(line).join('\n'));
      look++;
      return Promise.resolve(current().map((_, i) => `id${i}`).join('\n'));
    },
    attempt: () => Promise.resolve({ exitCode: 0, stdout: '', tail: 'the last words' }),
    compose: () => Promise.resolve(''),
  };
}

const migrated: Given = { service: 'migrate', status: 'exited', health: null };

describe('waiting until containers are healthy', () => {
  it('takes a migration that ended well for done and waits for the others', async () => {
    const docker = dockerWith([migrated, { service: 'gateway', health: 'starting' }], [migrated, { service: 'gateway' }]);
    const found = await waitUntilHealthy(docker, 'p', 5_000);
    expect(found.map(({ name, health }) => `${name} ${health}`)).toEqual(['gateway-1 healthy', 'migrate-1 null']);
  });

  it.each<Given>([
    { service: 'migrate', status: 'exited', health: null, exitCode: 1 },
    { service: 'gateway', status: 'exited', health: 'unhealthy', exitCode: 2 },
  ])('gives up at once, with its last words, when $service has ended with $exitCode', async (given) => {
    const failing = waitUntilHealthy(dockerWith([given]), 'p', 60_000);
    await expect(failing).rejects.toThrow(`${given.service}-1: exited, exit code ${given.exitCode}`);
    await expect(failing).rejects.toThrow('the last words');
  });

  it('names the containers that are not healthy in time, and only those', async () => {
    const failing = waitUntilHealthy(dockerWith([migrated, { service: 'gateway' }, { service: 'sms-worker', health: 'unhealthy' }]), 'p', 10);
    await expect(failing).rejects.toThrow(/sms-worker-1: running, exit code 0, health unhealthy/);
    await expect(failing).rejects.not.toThrow(/gateway-1/);
  });

  it('sees no containers where the project has none', async () => {
    expect(await listContainers(dockerWith([]), 'p')).toEqual([]);
  });
});
