/** Control characters, separators of lines and paragraphs, and marks that turn the direction of writing. */
const breaking = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+/gu;
/** As above; line ends stay. */
const breakingInText = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu;

/** The text in one line that nothing can end or turn around: for variables, and for subjects. */
export function oneLine(text: string): string {
  return text.replace(breaking, ' ').trim();
}

/** A text of many lines, with nothing but them. */
export function plainLines(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(breakingInText, ' ');
}
