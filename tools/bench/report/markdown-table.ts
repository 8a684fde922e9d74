/** A Markdown table whose columns are padded, so that it reads well in a terminal too. Columns after the first two are set to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(3, ...[title, ...rows.map((row) => row[at] ?? '')].map((it) => it.length)));
  const isRight = (at: number) => at > 1;
  const line = (cells: readonly string[]) => `| ${widths.map((width, at) => (isRight(at) ? (cells[at] ?? '').padStart(width) : (cells[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (isRight(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
