/** Control characters, and the line and paragraph separators of Unicode: none belongs into a header, some begin a new one. */
const forbidden = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Whether the text can stand in a header value without ending it. */
export function isHeaderText(text: string): boolean {
  return !forbidden.test(text);
}
