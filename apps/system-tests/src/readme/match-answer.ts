/**
 * What a page shows of an answer, as a pattern: `…` stands for anything (ids, times), `,…,` for any fields or none, a line break for none or any space.
 * The rest has to be there, letter by letter. Pure.
 */
export function answerPattern(shown: string): RegExp {
  const escaped = shown.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^\\s*${escaped.replace(/,…,/g, ',(?:[\\s\\S]*?,)?').replace(/…/g, '[\\s\\S]*?').replace(/\n\s*/g, '\\s*')}\\s*$`);
}
