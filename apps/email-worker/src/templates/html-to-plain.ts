import { compile } from 'html-to-text';

const convert = compile({
  wordwrap: 78,
  limits: { maxInputLength: 1_000_000, maxDepth: 100 },
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, linkBrackets: ['<', '>'], noAnchorUrl: true } },
    { selector: 'img', format: 'skip' },
    // the line that mail programs show in their lists, hidden in the mail itself
    { selector: '*[style*="display:none"]', format: 'skip' },
    { selector: 'h1', options: { uppercase: false } },
    { selector: 'h2', options: { uppercase: false } },
    { selector: 'h3', options: { uppercase: false } },
    // of the many tables that make up the layout of a mail, those with data are marked
    { selector: 'table', format: 'block' },
    { selector: 'table.data', format: 'dataTable', options: { uppercaseHeaderCells: false } },
  ],
});

/** The plain text of rendered HTML: links in `<…>` behind their words, tables of the class `data` in columns. Takes milliseconds. */
export function htmlToPlain(html: string): string {
  return convert(html)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
