/** Where a value stands in a text: from its first letter to behind its last. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

export interface Member extends Span {
  readonly name: string;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The members of the object that begins at `objectAt`, in their order, with repeated names. Only for valid JSON: checks nothing. */
export function* membersOf(json: string, objectAt: number): Generator<Member, void> {
  for (let at = afterSpace(json, objectAt + 1); json.charCodeAt(at) !== CLOSE_OBJECT; ) {
    const nameUntil = afterString(json, at);
    const name = JSON.parse(json.slice(at, nameUntil)) as string;
    const from = afterSpace(json, afterSpace(json, nameUntil) + 1);
    const until = afterValue(json, from);
    yield { name, from, until };
    at = afterComma(json, until);
  }
}

/** The elements of the array that begins at `arrayAt`. Only for valid JSON. */
export function* elementsOf(json: string, arrayAt: number): Generator<Span, void> {
  for (let at = afterSpace(json, arrayAt + 1); json.charCodeAt(at) !== CLOSE_ARRAY; ) {
    const until = afterValue(json, at);
    yield { from: at, until };
    at = afterComma(json, until);
  }
}

/** A value without the whitespace outside of its strings. */
export function compact(json: string, { from, until }: Span): string {
  let text = '';
  let kept = from;
  for (let at = from; at < until; ) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = afterString(json, at);
    else if (isSpace(code)) {
      text += json.slice(kept, at);
      kept = at = afterSpace(json, at);
    } else at++;
  }
  return text + json.slice(kept, until);
}

function afterValue(json: string, from: number): number {
  const first = json.charCodeAt(from);
  if (first === QUOTE) return afterString(json, from);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return afterNested(json, from);
  let at = from;
  for (let code = first; at < json.length && code !== COMMA && code !== CLOSE_ARRAY && code !== CLOSE_OBJECT && !isSpace(code); ) code = json.charCodeAt(++at);
  return at;
}

/** Counts instead of calling itself, as a text may nest deeper than the stack. */
function afterNested(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; ) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = afterString(json, at);
      continue;
    }
    at++;
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_ARRAY) && --depth === 0) return at;
  }
  return json.length;
}

function afterString(json: string, from: number): number {
  let at = from + 1;
  for (let code = json.charCodeAt(at); code !== QUOTE && at < json.length; code = json.charCodeAt(at)) at += code === BACKSLASH ? 2 : 1;
  return at + 1;
}

function afterComma(json: string, from: number): number {
  const at = afterSpace(json, from);
  return json.charCodeAt(at) === COMMA ? afterSpace(json, at + 1) : at;
}

function afterSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(json.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
