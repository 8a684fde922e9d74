/** The first lines of every generated page. */
export const generatedNote = '<!-- Made by `npm run generate` from the sources. Changes here are overwritten. -->';

/** A table; cells are text, in which pipes and line ends are made harmless. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((it) => it.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
  return [line(header), `|${header.map(() => ' --- ').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Text as code. Texts with backticks are wrapped in more of them. */
export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Angle brackets in running text would be taken for HTML. */
export function plain(text: string): string {
  return text.replace(/<(?=[\w/!])/g, '\\<');
}

/** One page: blocks with an empty line between them. */
export function page(...blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}
