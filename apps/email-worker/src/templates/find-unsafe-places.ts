/** Stands for `{{ … }}` while the HTML around it is looked at; of the private use area, so no text has it. */
const MARK = '\uE000';
/** Their content is no text: escaping means nothing there. */
const rawElements = new Set(['script', 'style', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes', 'plaintext']);
/** Attributes whose value is a language of its own. */
const codeAttributes = new Set(['style', 'srcdoc', 'srcset', 'content', 'http-equiv']);

/**
 * Places of variables where escaping does not hold: outside quotes within a tag, in scripts, styles and event handlers.
 * Everywhere else a value is text, whatever it is. Linear in the length of the HTML.
 * @returns one sentence for each kind of place, for the author of the template.
 */
export function findUnsafePlaces(html: string): string[] {
  const found = new Set<string>();
  // what Outlook reads as HTML is looked at as such
  const text = replaceBetween(replaceBetween(html, '{{', '}}', MARK), '{%', '%}', '').replace(/<!--\[if[^\]]{0,100}\]>|<!\[endif\]-->|<!--<!\[endif\]-->|<!-->/g, '');
  const lowerText = text.toLowerCase();
  let at = 0;
  while ((at = text.indexOf('<', at)) >= 0) {
    if (text.startsWith('<!--', at)) at = after(text, '-->', at);
    else if (/[a-z/!?\uE000]/i.test(text[at + 1] ?? '')) at = readTag({ text, lowerText }, at, found);
    else at += 1;
  }
  return [...found];
}

/** A regular expression would take the square of the time for marks that do not end. */
function replaceBetween(text: string, open: string, close: string, by: string): string {
  let replaced = '';
  let at = 0;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, at)) {
    const end = text.indexOf(close, start + open.length);
    if (end < 0) break;
    replaced += text.slice(at, start) + by;
    at = end + close.length;
  }
  return replaced + text.slice(at);
}

/** @returns where to go on. */
function readTag({ text, lowerText }: { text: string; lowerText: string }, start: number, found: Set<string>): number {
  const { name, attributes, bare, end } = splitTag(text, start);
  if (bare.includes(MARK)) found.add('a variable inside a tag stands outside quotes; write href="{{ url }}"');
  for (const [attribute, value] of attributes) {
    if (!value.includes(MARK)) continue;
    if (codeAttributes.has(attribute) || attribute.startsWith('on')) found.add(`a variable stands in the attribute ${attribute}; write fixed values there`);
  }
  if (!rawElements.has(name)) return end;
  const close = lowerText.indexOf(`</${name}`, end);
  const content = text.slice(end, close < 0 ? undefined : close);
  if (content.includes(MARK)) found.add(`a variable stands in a <${name}>; write fixed values there`);
  return close < 0 ? text.length : close;
}

interface Tag {
  readonly name: string;
  readonly attributes: [string, string][];
  /** All that does not stand in quotes. */
  readonly bare: string;
  readonly end: number;
}

function splitTag(text: string, start: number): Tag {
  const attributes: [string, string][] = [];
  let bare = '';
  let at = start + 1;
  while (at < text.length && text[at] !== '>') {
    const sign = text.charAt(at);
    const isValue = (sign === '"' || sign === "'") && /=\s*$/.test(bare.slice(-20));
    if (!isValue) {
      bare += sign;
      at += 1;
      continue;
    }
    const end = after(text, sign, at + 1);
    attributes.push([/([^\s="'/]+)\s*=\s*$/.exec(bare.slice(-100))?.[1]?.toLowerCase() ?? '', text.slice(at + 1, end - 1)]);
    bare += ' ';
    at = end;
  }
  return { name: /^\w*/.exec(bare)?.[0].toLowerCase() ?? '', attributes, bare, end: at + 1 };
}

function after(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found < 0 ? text.length : found + what.length;
}
