import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How npm started us: directly, or through a shell. */
export interface ParentProcess {
  readonly npmPid: number;
  /** The shell, or npm itself. */
  readonly parentPid: number;
}

/** The npm that runs us; undefined when none does (then our parent may leave us alone, as with `nohup`), or it cannot be seen. */
export function parentToWatch(env: NodeJS.ProcessEnv): ParentProcess | undefined {
  if (env['npm_lifecycle_event'] === undefined) return undefined;
  const parentPid = process.ppid;
  const parent = lookUp(parentPid);
  if (parent === undefined) return undefined;
  const isShell = /^(\S*\/)?(sh|bash|dash|zsh|ksh|busybox)(\s|$)/.test(parent.command);
  return { parentPid, npmPid: isShell ? parent.ppid : parentPid };
}

function lookUp(pid: number): { ppid: number; command: string } | undefined {
  try {
    if (process.platform !== 'linux') return parsePs(spawnSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold blanks; the state and the parent follow.
    const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { ppid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  } catch {
    // Gone meanwhile, or not for us to see.
    return undefined;
  }
}

function parsePs(output: string): { ppid: number; command: string } | undefined {
  const [, ppid, command] = /^\s*(\d+)\s+(.*)/.exec(output) ?? [];
  return ppid === undefined || command === undefined ? undefined : { ppid: Number(ppid), command };
}
