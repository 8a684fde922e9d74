import type { DocumentedVariable, VariableGroup } from './collect-variables.js';
import { code, generatedNote, page, plain, table } from './markdown.js';

/** docs/reference/configuration.md */
export function configurationPage(groups: readonly VariableGroup[]): string {
  const all = new Set(groups.flatMap(({ variables }) => variables.flatMap(({ services }) => services)));
  return page(
    generatedNote,
    '# Configuration',
    'Services are configured by environment variables. All faults are told at once, before anything starts, each with the name of its variable, its unit and what ' +
      'would fit; the exit code is then 2. An empty value counts as not set. `node apps/<name>/dist/main.js --check-config` checks and ends; `--print-config` ' +
      'also prints the values, without the secret ones. (The files in `dist` are made by `npm run build`, and by `npm start`.)',
    'The same list as a file to copy: [.env.example](../../.env.example). What `npm start` reads besides is told by `npm start -- --help`.',
    ...groups.flatMap((group) => [`## ${group.title}`, groupTable(group, all.size)]),
  );
}

function groupTable({ variables }: VariableGroup, serviceCount: number): string {
  const rows = variables.map((it) => [code(it.name), plain(it.description), it.unit ?? '', defaultCell(it), plain(it.expected), readers(it, serviceCount)]);
  return table(['variable', 'what it does', 'unit', 'default', 'expected', 'read by'], rows);
}

function defaultCell({ defaultText, defaultRule, isRequired }: DocumentedVariable): string {
  if (isRequired) return '**must be set**';
  return defaultText === undefined ? (defaultRule ?? '(none)') : code(defaultText);
}

function readers({ services, isSecret }: DocumentedVariable, serviceCount: number): string {
  return `${services.length === serviceCount ? 'all services' : services.join(', ')}${isSecret ? '; secret' : ''}`;
}
