import { compact, elementsOf, membersOf, type Span } from './json-text.js';

/**
 * Finds numbers that JavaScript would hand on with other letters: -0, 16 digits and more, below a millionth, exponents, fractions that end in 0.
 * What looks so inside a string is found as well, which costs a walk over the text and nothing else. Takes linear time. It is run over every publish:
 * that it begins with what stands before a value, and not with a digit, makes it twice as fast.
 */
const oddNumber = /[:,[]\s*(?:-0[\s,\]}]|-?(?:\d[\d.]{15}|0\.0{6}|\d[\d.]{0,14}(?:[eE]|\.\d{0,14}0[\s,\]}])))/;

/** Whether a JSON text of an object or array holds a number that does not survive JSON.parse and JSON.stringify, or may do so. Pure. */
export function hasOddNumber(body: string): boolean {
  return oddNumber.test(body);
}

/**
 * The letters of the payload in the body of a publish, without whitespace that means nothing. Pure.
 * @param body valid JSON: an object. @returns undefined where JSON.stringify of what was parsed says the same, or there is no payload.
 */
export function payloadText(body: string | undefined): string | undefined {
  if (body === undefined || !hasOddNumber(body)) return undefined;
  return textOf(body, lastNamed(body, body.indexOf('{'), 'payload'));
}

/** As `payloadText`, for the messages of a batch, in their order; empty where all survive. */
export function payloadTexts(body: string | undefined): readonly (string | undefined)[] {
  if (body === undefined || !hasOddNumber(body)) return [];
  const messages = lastNamed(body, body.indexOf('{'), 'messages');
  return messages === undefined ? [] : [...elementsOf(body, messages.from)].map(({ from }) => textOf(body, lastNamed(body, from, 'payload')));
}

/** Of two members with one name the last one counts, as for JSON.parse. */
function lastNamed(body: string, objectAt: number, name: string): Span | undefined {
  let found: Span | undefined;
  for (const member of membersOf(body, objectAt)) if (member.name === name) found = member;
  return found;
}

function textOf(body: string, span: Span | undefined): string | undefined {
  return span && compact(body, span);
}
