import { Advice } from '../start/advice.js';
import { runProgram, type ProgramRun, type RunOptions } from './run-program.js';

/** One compose project on a Docker engine. */
export interface Docker {
  /** `docker compose 2.40.0` or `docker-compose 1.29.2`. */
  readonly composeVersion: string;
  readonly engineVersion: string;
  /** Runs `docker <args>`. @throws Error with the end of its output, unless it ends with 0. */
  run(...args: string[]): Promise<string>;
  /** Runs `docker <args>`, however it ends. */
  attempt(...args: string[]): Promise<ProgramRun>;
  /** Runs compose on this project. @throws Error with the end of its output, unless it ends with 0. */
  compose(...args: string[]): Promise<string>;
}

/** BuildKit for engines and compose versions in which it is not the default yet. */
const buildKit = { DOCKER_BUILDKIT: '1', COMPOSE_DOCKER_CLI_BUILD: '1' };

/**
 * Finds the engine (DOCKER_HOST, else the default one) and compose: `docker compose`, else `docker-compose`.
 * @throws Advice when one of them is missing.
 */
export async function openDocker(project: string, options: RunOptions): Promise<Docker> {
  const { signal } = options;
  const env = { ...options.env, ...buildKit };
  const attempt = (...args: string[]) => runProgram('docker', args, { env, signal });
  const engine = await attempt('version', '--format', '{{.Server.Version}}');
  if (engine.exitCode === 127) throw new Advice('Docker is not installed (no `docker` on PATH); see https://docs.docker.com/engine/install');
  if (engine.exitCode !== 0) {
    const address = options.env['DOCKER_HOST'] ?? 'the default address';
    throw new Advice(`No Docker engine answers at ${address}. Start it, or set DOCKER_HOST.\n${engine.tail}`);
  }
  const [command, ...first] = await findCompose(env, signal);
  const name = [command, ...first].join(' ');
  const version = await runProgram(command, [...first, 'version', '--short'], { env, signal });
  const composeArgs = [...first, '--project-name', project, '--file', 'docker-compose.yml'];
  return {
    composeVersion: `${name} ${version.stdout.trim()}`,
    engineVersion: engine.stdout.trim(),
    attempt,
    run: (...args) => expectSuccess(`docker ${args[0]}`, attempt(...args)),
    compose: (...args) => expectSuccess(`${name} ${args[0]}`, runProgram(command, [...composeArgs, ...args], { env, signal })),
  };
}

async function findCompose(env: NodeJS.ProcessEnv, signal: AbortSignal | undefined): Promise<readonly [string, ...string[]]> {
  for (const candidate of [['docker', 'compose'], ['docker-compose']] as const) {
    const [command, ...first] = candidate;
    const { exitCode } = await runProgram(command, [...first, 'version'], { env, signal });
    if (exitCode === 0) return candidate;
  }
  throw new Advice(
    'Docker Compose is not installed: neither `docker compose` nor `docker-compose` answers; see https://docs.docker.com/compose/install',
  );
}

async function expectSuccess(what: string, running: Promise<ProgramRun>): Promise<string> {
  const { exitCode, stdout, tail } = await running;
  if (exitCode !== 0) throw new Error(`${what} ended with exit code ${exitCode}:\n${tail}`);
  return stdout;
}
