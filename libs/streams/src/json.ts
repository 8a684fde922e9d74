/** JSON text of any value; a BigInt becomes its decimal string, which every JSON reader takes. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) => (typeof it === 'bigint' ? it.toString() : it)) ?? 'null';
}
