import { RE2JS } from 're2js';

/**
 * Patterns of tenants' schemas: RE2, whose time grows with the length of the text and not with its powers. With JavaScript's own engine one
 * payload against `^(a+)+$` would hold up all publishes of a replica for hours. As Ajv wants an engine (option `code.regExp`).
 * @throws Error for a pattern that is none, or that looks around or back at groups, which no linear engine can.
 */
export const linearRegExp = Object.assign(
  (pattern: string): { test(text: string): boolean; toString(): string } => {
    const compiled = compile(pattern);
    // Ajv takes two engines of one name for one
    return { test: (text) => compiled.test(text), toString: () => pattern };
  },
  // Ajv asks for it in case that the code is written to a file, which it is not
  { code: 'linearRegExp' },
);

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`has the pattern ${JSON.stringify(pattern)}, which cannot be used (${reason}); look-around and back references are not taken`, { cause: error });
  }
}
