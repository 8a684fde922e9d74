import * as contracts from '@angarium/contracts';
import { toJsonSchema, type Contract } from '@angarium/contracts';
import { code, generatedNote, page, plain, table } from './markdown.js';

const kinds: Readonly<Record<Contract['kind'], { title: string; says: string }>> = {
  event: { title: 'Events', says: 'Facts. Every subscribed service handles each at least once, one replica of it.' },
  request: { title: 'Requests', says: 'Questions. One answer or a typed error before the deadline.' },
  job: { title: 'Jobs', says: 'Orders. Done once or parked with the reason.' },
  signal: { title: 'Signals', says: 'Hints. Best effort, every replica hears them.' },
};

/** docs/reference/contracts.md. @param names what @angarium/contracts exports each contract as. */
export function contractsPage(all: readonly Contract[], names: ReadonlyMap<Contract, string> = exportedNames()): string {
  const sections = (Object.keys(kinds) as Contract['kind'][]).flatMap((kind) => {
    const some = all.filter((it) => it.kind === kind);
    if (some.length === 0) return [];
    const rows = some.map((it) => [`[${it.name}](#${anchor(it)})`, code(names.get(it) ?? '(not exported)'), String(it.version), plain(it.description)]);
    return [`## ${kinds[kind].title}`, kinds[kind].says, table(['name', 'in code', 'version', 'what it says'], rows), ...some.map(section)];
  });
  const intro =
    'Every message of this system, from `libs/contracts`. A message that is not here does not exist. The JSON Schemas (draft 2020-12) describe what a sender gives; ' +
    'what has a default may be left out. Rules over several ' +
    'fields ("either content or path") stand in the code only and are checked there.';
  return page(generatedNote, '# Contracts', intro, ...sections);
}

/** The JSON Schemas, by path below docs/reference/contracts. Of a request also that of its answer. */
export function schemaFiles(all: readonly Contract[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const contract of all) {
    const { payload, response } = toJsonSchema(contract);
    files.set(schemaFile(contract), json(payload));
    if (response !== undefined) files.set(schemaFile(contract, '.response'), json(response));
  }
  return files;
}

function section(contract: Contract): string {
  const schema = (suffix: string) => `[${schemaFile(contract, suffix)}](contracts/${schemaFile(contract, suffix)})`;
  return [
    `### ${title(contract)}`,
    `${plain(contract.description)} ${facts(contract)}`.trim(),
    `Schema: ${schema('')}${contract.kind === 'request' ? `, of the answer: ${schema('.response')}` : ''}`,
    example(contract.example),
    ...(contract.kind === 'request' ? ['Answer:', example(contract.responseExample)] : []),
  ].join('\n\n');
}

function facts(contract: Contract): string {
  switch (contract.kind) {
    case 'event':
      return `Subject of the example: ${code(contract.subjectOf(contract.example))}.`;
    case 'request':
      return `Deadline unless the caller names another: ${contract.timeoutMs} ms.`;
    case 'job':
      return `Queue: ${code(contract.queue)}. One try may take ${contract.timeoutMs} ms.`;
    case 'signal':
      return '';
  }
}

function title({ name, version }: Contract): string {
  return `${name} (version ${version})`;
}

/** As GitHub makes it from the heading. */
function anchor(contract: Contract): string {
  return title(contract).toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-');
}

function schemaFile({ name, version }: Contract, suffix = ''): string {
  return `${name}.v${version}${suffix}.schema.json`;
}

function example(value: unknown): string {
  return `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\``;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function exportedNames(): Map<Contract, string> {
  return new Map(Object.entries(contracts).map(([name, value]) => [value as Contract, name]));
}
