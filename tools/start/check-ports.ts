import { createServer } from 'node:net';
import { Advice } from './advice.js';
import { portOwner } from './port-owner.js';
import type { WantedPort } from './settings.js';

/**
 * Sees to it that every port is free, before anything is started.
 * @throws Advice naming each busy port, what wants it, who has it and the variable that changes it.
 */
export async function checkPorts(wanted: readonly WantedPort[], host: string): Promise<void> {
  const faults = await Promise.all(wanted.map((it) => tryPort(it, host)));
  const lines = faults.filter((it) => it !== undefined);
  if (lines.length === 0) return;
  throw new Advice(
    `${lines.length === 1 ? 'A port is' : `${lines.length} ports are`} not free, so nothing was started:\n${lines.map((it) => `  - ${it}`).join('\n')}\n` +
      'Stop what has them (is Angarium running already?), or choose others, for instance:\n' +
      `  ${await otherPorts(wanted, faults)} npm start`,
  );
}

async function tryPort({ port, of, variable }: WantedPort, host: string): Promise<string | undefined> {
  const code = await listenOnce(port, host);
  if (code === undefined) return undefined;
  if (code === 'EACCES') return `${port} for ${of}: this user may not open it (ports below 1024 need rights). Set ${variable}.`;
  if (code !== 'EADDRINUSE') return `${port} for ${of}: ${code} on ${host}. Set ${variable} or HOST.`;
  const owner = await portOwner(port);
  const by = owner === undefined ? 'another process' : `process ${owner.pid}${owner.command === '' ? '' : ` (${owner.command})`}`;
  return `${port} for ${of}: taken by ${by}. Set ${variable}.`;
}

/** The code of the error, or undefined when the port can be had. */
function listenOnce(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

/** Settings that would work for the busy ones: the same numbers, ten thousand up. */
async function otherPorts(wanted: readonly WantedPort[], faults: readonly (string | undefined)[]): Promise<string> {
  const busy = wanted.filter((_, i) => faults[i] !== undefined);
  const pairs = busy.map(async ({ port, variable }) => {
    const other = port + 10_000 < 32_000 ? port + 10_000 : port - 10_000;
    return `${variable}=${other > 1024 && (await listenOnce(other, '127.0.0.1')) === undefined ? other : 0}`;
  });
  return (await Promise.all(pairs)).join(' ');
}
