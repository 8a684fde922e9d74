import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDocker } from './docker.js';

const engineAnswers = '[ "$1" = version ] && echo 28.0.1 && exit 0';
const composeAnswers = 'shift; [ "$1" = version ] && echo 2.40.0 && exit 0';

describe('finding Docker', () => {
  const folders: string[] = [];
  /** A PATH on which there are only these programs, each a shell script. */
  const pathWith = (programs: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(tmpdir(), 'angarium-docker-'));
    folders.push(folder);
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    return { PATH: folder };
  };
  afterAll(() => folders.forEach((it) => rmSync(it, { recursive: true, force: true })));

  it('says that Docker is not installed where it is not', async () => {
    await expect(openDocker('p', { env: pathWith({}) })).rejects.toThrow(/Docker is not installed/);
  });

  it('names the address at which no engine answers, and what docker said', async () => {
    const env = { ...pathWith({ docker: 'echo "Cannot connect" >&2; exit 1' }), DOCKER_HOST: 'unix:///nowhere.sock' };
    await expect(openDocker('p', { env })).rejects.toThrow(/No Docker engine answers at unix:\/\/\/nowhere\.sock.*\nCannot connect/s);
  });

  it('says that Compose is not installed where neither form answers', async () => {
    await expect(openDocker('p', { env: pathWith({ docker: `${engineAnswers}; exit 1` }) })).rejects.toThrow(/Docker Compose is not installed/);
  });

  it('prefers docker compose to docker-compose', async () => {
    const env = pathWith({ docker: `${engineAnswers}; ${composeAnswers}; exit 1`, 'docker-compose': 'echo 1.29.2' });
    const { composeVersion, engineVersion } = await openDocker('p', { env });
    expect([composeVersion, engineVersion]).toEqual(['docker compose 2.40.0', '28.0.1']);
  });

  it('takes docker-compose where docker has no compose', async () => {
    const docker = await openDocker('p', { env: pathWith({ docker: `${engineAnswers}; exit 1`, 'docker-compose': 'echo 1.29.2' }) });
    expect(docker.composeVersion).toBe('docker-compose 1.29.2');
  });

  it('runs compose on its own project, and tells the end of the output when it fails', async () => {
    const env = pathWith({ docker: `${engineAnswers}; exit 1`, 'docker-compose': '[ "$1" = version ] || { echo "asked: $*"; exit 3; }' });
    const docker = await openDocker('mine', { env });
    const asked = 'asked: --project-name mine --file docker-compose.yml up';
    await expect(docker.compose('up')).rejects.toThrow(`docker-compose up ended with exit code 3:\n${asked}`);
  });

  it('ends what runs, and what that has started, when it is interrupted, and starts nothing after that', async () => {
    const interruption = new AbortController();
    const env = pathWith({ docker: `${engineAnswers}; [ "$1" = compose ] && exit 0; /bin/sleep 60; echo woke up` });
    const docker = await openDocker('p', { env, signal: interruption.signal });
    const running = docker.attempt('build');
    interruption.abort();
    expect(await running).toMatchObject({ exitCode: 1, stdout: '' });
    await expect(docker.attempt('build')).rejects.toThrow('aborted');
  });
});
