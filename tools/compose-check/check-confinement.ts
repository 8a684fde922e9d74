import type { Container } from './containers.js';
import type { Docker } from './docker.js';

/** One line each: user, rights, whether a process may gain some, whether the program can be changed, packages that should not be there. */
const script = [
  'id -u',
  "sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status",
  "sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status",
  '(: > /app/dist/main.js) 2>/dev/null && echo writable || echo read-only',
  'ls -d node_modules/@angarium node_modules/typescript node_modules/nx node_modules/jest 2>/dev/null | wc -l',
].join('; ');

/** Services that publish a port, and therefore are on a network that leads outside. */
const published = new Set(['gateway', 'mq-broker', 'realtime-gateway', 'inbox']);

/**
 * Asks each container from inside.
 * @throws Error naming each one that runs as root, has a capability, can write where its program is, holds build tools,
 *   or (a worker) is on a network that leads outside.
 */
export async function checkConfinement(docker: Docker, containers: readonly Container[]): Promise<string> {
  const networks = [...new Set(containers.flatMap((it) => it.networks))];
  const isInternal = (await docker.run('network', 'inspect', '--format', '{{.Internal}}', ...networks)).split('\n').map((it) => it === 'true');
  const outward = networks.filter((_, i) => isInternal[i] !== true);
  const faults = await Promise.all(containers.map((it) => faultsOf(docker, it, outward)));
  const found = faults.flat();
  if (found.length > 0) throw new Error(found.join('; '));
  return 'not root, no capability, read-only, no build tools; workers on the inner network alone';
}

async function faultsOf(docker: Docker, { id, name, service, isReadOnly, networks }: Container, outward: readonly string[]): Promise<string[]> {
  const { stdout } = await docker.attempt('exec', id, 'sh', '-c', script);
  const [user, capabilities, noNewPrivileges, program, buildTools] = stdout.split('\n').map((it) => it.trim());
  const wrong: string[] = [];
  if (!/^[1-9]\d*$/.test(user ?? '')) wrong.push(`runs as user ${user}`);
  if (!/^0+$/.test(capabilities ?? '')) wrong.push(`has the capabilities ${capabilities}`);
  if (noNewPrivileges !== '1') wrong.push('may gain privileges');
  if (!isReadOnly || program !== 'read-only') wrong.push('can change its own program');
  if (buildTools !== '0') wrong.push('holds packages of the build');
  if (!published.has(service) && networks.some((it) => outward.includes(it))) wrong.push('is on a network that leads outside');
  return wrong.map((it) => `${name} ${it}`);
}
