import { createServer } from 'node:net';
import { Advice } from './advice.js';
import { holderOf } from './data-folder.js';
import { portOwner } from './port-owner.js';
import type { WantedPort } from './settings.js';

/**
 * Sees to it that every port is free, before anything is started.
 * @throws Advice naming each busy port, what wants it, who has it and the variable that changes it.
 */
export async function checkPorts(wanted: readonly WantedPort[], host: string, dataDir: string): Promise<void> {
  const faults = await Promise.all(wanted.map(async (it) => ({ ...it, fault: await tryPort(it, host) })));
  const busy = faults.filter((it) => it.fault !== undefined);
  if (busy.length === 0) return;
  const holder = await holderOf(dataDir);
  const others = (await Promise.all(busy.map((it) => otherPort(it, host)))).join(' ');
  throw new Advice(
    `${busy.length === 1 ? 'A port is' : `${busy.length} ports are`} not free, so nothing was started:\n` +
      `${busy.map(({ port, of, fault }) => `  - ${port} for ${of}: ${fault}`).join('\n')}\n` +
      (holder === undefined
        ? `Stop what has them, or choose others:\n  ${others} npm start`
        : `Angarium runs already, as process ${holder}. Stop it with Ctrl-C in its terminal, or: kill ${holder}\n` +
          `To run another one beside it:\n  ${others} npm start -- --data ${dataDir}2`),
  );
}

async function tryPort({ port, variable }: WantedPort, host: string): Promise<string | undefined> {
  const code = await listenOnce(port, host);
  if (code === undefined) return undefined;
  if (code === 'EACCES') return `this user may not open it (ports below 1024 need rights). Set ${variable}.`;
  if (code !== 'EADDRINUSE') return `${code} on ${host}. Set ${variable} or HOST.`;
  const owner = await portOwner(port);
  const by = owner === undefined ? 'another process' : `process ${owner.pid}${owner.command === '' ? '' : ` (${owner.command})`}`;
  return `taken by ${by}. Set ${variable}.`;
}

/** The code of the error, or undefined when the port can be had. */
function listenOnce(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

/** A setting that would work: the same number ten thousand up, else any free one. */
async function otherPort({ port, variable }: WantedPort, host: string): Promise<string> {
  const other = port + 10_000;
  const isFree = other <= 65_535 && (await listenOnce(other, host)) === undefined;
  return `${variable}=${isFree ? other : 0}`;
}
