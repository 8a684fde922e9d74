import { waitFor } from '@angarium/testing';
import type { Docker } from './docker.js';

/** A container of the project, as the engine describes it at one moment. */
export interface Container {
  readonly id: string;
  /** `email-worker` */
  readonly service: string;
  /** `email-worker-2`, as compose counts its replicas. */
  readonly name: string;
  readonly imageId: string;
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly health: 'starting' | 'healthy' | 'unhealthy' | null;
  readonly exitCode: number;
  /** How often the engine has started it again. */
  readonly restartCount: number;
  readonly isReadOnly: boolean;
  /** `angarium_backend` */
  readonly networks: readonly string[];
}

/** Ends by itself; everything else stays. */
export const oneShot = 'migrate';
/** Images that are not built from this repository. */
const foreign = new Set(['postgres', 'redis']);
export const isOurs = ({ service }: Container) => !foreign.has(service);

const label = (name: string) => `{{json (index .Config.Labels "com.docker.compose.${name}")}}`;
/** What is asked of each container, as one JSON array. The whole state, because a template may not name a Health that is not there. */
const asked = [
  '{{json .Id}}',
  label('service'),
  label('container-number'),
  '{{json .Image}}',
  '{{.RestartCount}}',
  '{{json .HostConfig}}',
  '{{json .NetworkSettings.Networks}}',
  '{{json .State}}',
];
type Host = { readonly ReadonlyRootfs: boolean };
type State = { readonly Status: Container['status']; readonly ExitCode: number; readonly Health?: { readonly Status: Container['health'] } };
type Line = [id: string, service: string, number: string, imageId: string, restartCount: number, host: Host, networks: object, state: State];

/** All containers of a project, stopped ones too, sorted by name. */
export async function listContainers(docker: Docker, project: string): Promise<Container[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const ids = (await docker.run('ps', '--all', '--quiet', '--no-trunc', '--filter', filter)).split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  const lines = (await docker.run('inspect', '--format', `[${asked.join(',')}]`, ...ids)).split('\n').filter(Boolean);
  return lines.map((line) => toContainer(JSON.parse(line) as Line)).sort((a, b) => a.name.localeCompare(b.name));
}

function toContainer([id, service, number, imageId, restartCount, host, networks, state]: Line): Container {
  const { Status: status, ExitCode: exitCode, Health } = state;
  return {
    ...{ id, service, name: `${service}-${number}`, imageId, status, exitCode, restartCount },
    ...{ health: Health?.Status ?? null, isReadOnly: host.ReadonlyRootfs, networks: Object.keys(networks) },
  };
}

/**
 * Waits until every container is healthy and the one-shot one has ended with 0.
 * @throws Error at once when one has ended otherwise, later when one is not healthy in time; both with the end of its log.
 */
export async function waitUntilHealthy(docker: Docker, project: string, timeoutMs: number): Promise<Container[]> {
  let latest: Container[] = [];
  const isSettled = async () => {
    latest = await listContainers(docker, project);
    return latest.length > 0 && (latest.some(hasFailed) || latest.every(isReady));
  };
  await waitFor(isSettled, { what: 'all containers to be healthy', timeoutMs, everyMs: 500 }).catch(async (error: unknown) => {
    throw await withLogs(docker, error instanceof Error ? error.message : String(error), latest.filter((it) => !isReady(it)));
  });
  const failed = latest.filter(hasFailed);
  if (failed.length > 0) throw await withLogs(docker, 'Containers ended that should not have', failed);
  return latest;
}

const isReady = ({ service, status, exitCode, health }: Container) =>
  service === oneShot ? status === 'exited' && exitCode === 0 : status === 'running' && health === 'healthy';

const hasFailed = ({ service, status, exitCode }: Container) => (status === 'exited' || status === 'dead') && (service !== oneShot || exitCode !== 0);

async function withLogs(docker: Docker, message: string, containers: readonly Container[]): Promise<Error> {
  const logs = await Promise.all(
    containers.map(async ({ id, name, status, health, exitCode }) => {
      const { tail } = await docker.attempt('logs', '--tail', '15', id);
      return `--- ${name}: ${status}, exit code ${exitCode}, health ${health ?? 'unknown'}\n${tail}`;
    }),
  );
  return new Error([message, ...logs].join('\n'));
}
