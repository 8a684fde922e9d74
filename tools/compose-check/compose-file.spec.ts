import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { services } from '../start/services.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const composeFile = readFileSync(`${root}docker-compose.yml`, 'utf8');
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');

/** The lines of one service in docker-compose.yml. */
function sectionOf(service: string): string {
  return new RegExp(`^  ${service}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(composeFile)?.[1] ?? '';
}

describe('docker-compose.yml', () => {
  it.each(services)('runs $name on the port it has by default', ({ name, defaultPort }) => {
    expect(sectionOf(name)).toContain(`args: { APP: ${name}, PORT: ${defaultPort} }`);
  });

  it('has a container for every app that is a service', () => {
    const apps = readdirSync(`${root}apps`).filter((it) => it !== 'system-tests');
    expect(apps.filter((it) => sectionOf(it) === '')).toEqual([]);
  });

  it.each(services.filter(({ name }) => name.endsWith('-worker')))('publishes no port of $name, so that it can be scaled', ({ name }) => {
    expect(sectionOf(name)).not.toMatch(/ports:|container_name:/);
  });

  it('publishes ports to this machine alone unless told otherwise', () => {
    const published = [...composeFile.matchAll(/^ +ports: \['(.*)'\]$/gm)].map(([, it]) => it);
    expect(published).toHaveLength(4);
    for (const it of published) expect(it).toMatch(/^\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}:\$\{[A-Z_]+:-(\d+)\}:\1$/);
  });

  it('gives services more time to stop than they take for work in flight and for closing', () => {
    const seconds = Number(/^ {2}stop_grace_period: (\d+)s$/m.exec(composeFile)?.[1]);
    expect(seconds).toBeGreaterThan(10 + 5);
  });

  it('runs Redis so that an acknowledged message is on disk and none is evicted', () => {
    expect(sectionOf('redis')).toContain('--appendonly yes --appendfsync always');
    expect(sectionOf('redis')).toContain('--maxmemory-policy noeviction');
  });

  it('uses official images only, which the Dockerfile builds on without a frontend that would be pulled', () => {
    const images = [...`${composeFile}\n${dockerfile}`.matchAll(/^(?: {4}image:|FROM) (\S+:\S+)/gm)].map(([, image]) => image);
    expect(new Set(images)).toEqual(new Set(['postgres:18', 'redis:8', 'node:24-slim']));
    expect(dockerfile).not.toMatch(/^# *syntax/m);
  });
});
