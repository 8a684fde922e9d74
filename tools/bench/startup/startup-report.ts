import { markdownTable } from '../report/markdown-table.js';
import { median, spread } from '../report/statistics.js';
import type { StartupRun } from './run-startup.js';

const MAX_START_MS = 15_000;
const MAX_IDLE_BYTES = 150e6;
const MAX_IDLE_GATEWAY_BYTES = 170e6;

export function startupReport({ first, again }: StartupRun, { date, command, machine }: { date: string; command: string; machine: string }): string {
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const starts = [
    ['empty data folder: the database is made and migrated', first],
    ['existing data', again],
  ] as const;
  const startRows = starts.map(([what, all]) => {
    const times = all.map(({ healthyMs }) => healthyMs);
    return [what, verdict(median(times) < MAX_START_MS), spread(times, seconds)];
  });
  return [
    '## Start-up and idle memory',
    `\`${command}\`, ${date}. ${machine}; everything is installed. Medians of ${first.length}, smallest and largest in parentheses.`,
    markdownTable(['From `npm start` to all healthy (below 15 s)', '', 'found'], startRows),
    markdownTable(['Resident memory after 30 s without work (below 150 MB, gateway 170)', '', 'found'], memoryRows(again.map(({ memory }) => memory))),
  ].join('\n\n');
}

function memoryRows(all: readonly ReadonlyMap<string, number>[]): string[][] {
  const names = [...new Set(all.flatMap((it) => [...it.keys()]))];
  return names.map((name) => {
    const sizes = all.flatMap((it) => it.get(name) ?? []);
    const limit = name === 'gateway' ? MAX_IDLE_GATEWAY_BYTES : MAX_IDLE_BYTES;
    return [name, verdict(median(sizes) < limit), spread(sizes, (bytes) => `${Math.round(bytes / 1e6)} MB`)];
  });
}

const verdict = (isMet: boolean) => (isMet ? 'met' : 'not met');
