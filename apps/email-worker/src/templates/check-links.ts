const schemes = new Set(['http', 'https', 'mailto', 'tel', 'cid']);
const links = /\b(?:href|src|action|formaction|background|poster)\s*=\s*(?:"([^"]*)"|'([^']*)')/gi;
const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#34;': '"', '&#39;': "'", '&#96;': '`', '&colon;': ':', '&tab;': '', '&newline;': '' };

/** Whether a link may have this address: of a scheme that shows something and runs nothing, or of none. */
export function isLinkTarget(address: string): boolean {
  // mail programs skip what stands before and between the letters of a scheme; with it, it is none of these
  const [, scheme] = /^([^:/?#]*):/.exec(decode(address).trim()) ?? [];
  return scheme === undefined || schemes.has(scheme.toLowerCase());
}

/**
 * Whether every link and image of rendered HTML has an address that may stand there. Variables come escaped, so what they put into an attribute
 * ends in it; what is left is `javascript:` and its kin.
 */
export function hasSafeLinks(html: string): boolean {
  for (const [, quoted, single] of html.matchAll(links)) if (!isLinkTarget(quoted ?? single ?? '')) return false;
  return true;
}

function decode(text: string): string {
  return text
    .replace(/&#(x[0-9a-f]+|\d+);?/gi, (whole, digits: string) => {
      const code = digits.toLowerCase().startsWith('x') ? parseInt(digits.slice(1), 16) : Number(digits);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/&\w+;/g, (name) => entities[name.toLowerCase()] ?? name);
}
