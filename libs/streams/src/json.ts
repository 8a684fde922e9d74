/** JSON text of any value; a BigInt becomes its decimal string, which every JSON reader takes. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    // a BigInt is in it; looking at every value of every message for one would cost as much as the rest
    return JSON.stringify(value, bigIntAsText) ?? 'null';
  }
}

function bigIntAsText(_key: string, it: unknown): unknown {
  return typeof it === 'bigint' ? it.toString() : it;
}
