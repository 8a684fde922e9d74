import type { Container } from './containers.js';
import type { Docker } from './docker.js';

const baseImage = 'node:24-slim';
const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;

/**
 * A table of what each container takes. Image: its size, and what of it is not the base image. Resident: the largest process,
 * files it shares with others included. Charged: what counts against the container's memory limit.
 */
export async function figures(docker: Docker, containers: readonly Container[]): Promise<string> {
  const base = await imageSize(docker, baseImage);
  const rows = await Promise.all(containers.filter(({ status }) => status === 'running').map((it) => rowOf(docker, it, base)));
  const table = [['container', 'image', 'own part', 'resident', 'charged / limit'], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => `    ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()).join('\n');
}

async function rowOf(docker: Docker, { id, name, imageId }: Container, base: number | undefined): Promise<string[]> {
  const [size, layers, processes, charged] = await Promise.all([
    imageSize(docker, imageId),
    isBuiltOnBase(docker, imageId),
    docker.run('top', id, '-eo', 'pid,rss'),
    docker.run('stats', '--no-stream', '--format', '{{.MemUsage}}', id),
  ]);
  const resident = Math.max(...processes.split('\n').slice(1).map((line) => Number(line.trim().split(/\s+/)[1] ?? 0)));
  const own = size !== undefined && base !== undefined && layers ? megabytes(size - base) : '';
  return [name, size === undefined ? '' : megabytes(size), own, megabytes(resident * 1024), charged.trim()];
}

/** In bytes; undefined where the engine does not keep the image under this name (BuildKit may have pulled a base for itself alone). */
async function imageSize(docker: Docker, image: string): Promise<number | undefined> {
  const { exitCode, stdout } = await docker.attempt('image', 'inspect', '--format', '{{.Size}}', image);
  return exitCode === 0 ? Number(stdout) : undefined;
}

async function isBuiltOnBase(docker: Docker, image: string): Promise<boolean> {
  const layersOf = async (it: string) => (await docker.attempt('image', 'inspect', '--format', '{{join .RootFS.Layers ","}}', it)).stdout.trim();
  const [layers, base] = await Promise.all([layersOf(image), layersOf(baseImage)]);
  return base !== '' && layers.startsWith(base);
}
