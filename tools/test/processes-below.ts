import { execFileSync } from 'node:child_process';

/** Number, age and command of every process below this one, a line each. Blocks. Never throws: without `ps` it says so. */
export function processesBelow(pid: number | undefined): string {
  let table: string;
  try {
    table = execFileSync('ps', ['-eo', 'pid=,ppid=,etime=,args='], { encoding: 'utf8', maxBuffer: 10_000_000 });
  } catch (error) {
    return `  (unknown: ${error instanceof Error ? error.message : String(error)})`;
  }
  const processes = table.trim().split('\n').map((line) => {
    const [own = '', parent = '', age = '', ...command] = line.trim().split(/\s+/);
    return { own, parent, line: `  ${own} since ${age}: ${command.join(' ').slice(0, 200)}` };
  });
  const lines: string[] = [];
  for (const parents = [String(pid)]; parents.length > 0; ) {
    const next = parents.shift();
    for (const { own, parent, line } of processes) {
      if (parent !== next) continue;
      parents.push(own);
      lines.push(line);
    }
  }
  return lines.join('\n');
}
