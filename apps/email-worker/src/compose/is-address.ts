const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const atoms = "[\\w!#$%&'*+/=?^`{|}~-]+";
const form = new RegExp(`^(?=.{1,64}@)${atoms}(?:\\.${atoms})*@(?=.{1,253}$)${label}(?:\\.${label})+$`, 'i');

/**
 * Whether the text is one plain address: ASCII, a domain of at least two labels, at most 254 characters (RFC 5321 4.5.3.1).
 * Quoted local parts, comments and address literals are legal and unused; to a header parser they are ways to say something else.
 */
export function isAddress(text: string): boolean {
  return text.length <= 254 && form.test(text);
}
