import type { DocumentedError, ErrorGroup } from './collect-errors.js';
import { code, generatedNote, page, plain, table } from './markdown.js';

/** docs/reference/errors.md */
export function errorsPage(groups: readonly ErrorGroup[]): string {
  return page(
    generatedNote,
    '# Error codes',
    'Over HTTP an error is `{ "code", "message", "details"?, "retryAfter"? }` with the status below (`retryAfter` in seconds, also as the header `retry-after`). ' +
      'A request between services fails with the same code.',
    [
      '- **blame**: who has to change something: `caller`, `us` (this system and what it runs on), `provider` (a mail server and its like).',
      '- **retry**: `never` the same input fails again; `later` it may pass, tried a bounded number of times; `when-available` something is away, tried until it is ' +
        'back and costs no attempt; `after … ms` as `later`, but not before. A single failure may carry another verdict than its code, such as a longer pause.',
    ].join('\n'),
    ...groups.flatMap(({ project, errors }) => [`## ${project}`, table(['code', 'status', 'blame', 'retry', 'what happened', 'what to do'], errors.map(row))]),
  );
}

function row({ code: name, status, blame, retry, statements }: DocumentedError): string[] {
  const say = (field: 'summary' | 'cure') =>
    statements.length === 1 ? plain(statements[0]?.[field] ?? '') : statements.map((it) => `${plain(it[field])} (${it.by})`).join(' ');
  return [code(name), String(status), blame, retry, say('summary'), say('cure')];
}
