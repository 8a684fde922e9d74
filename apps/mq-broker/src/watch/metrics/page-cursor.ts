/** The cursor of a page: the key of its last item, so that items which come and go shift nothing. Opaque to callers. Pure. */
export function encodeCursor(lastKey: string): string {
  return Buffer.from(lastKey, 'utf8').toString('base64url');
}

/** The key in a cursor; undefined where there is none. A cursor that somebody made up names a place like any other. Pure. */
export function decodeCursor(cursor: string | undefined): string | undefined {
  return cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8');
}

/** A page of what was read, one item more than asked for telling that there is a next one. Pure. */
export function toPage<T>(read: readonly T[], limit: number, keyOf: (item: T) => string): { readonly items: readonly T[]; readonly nextCursor: string | null } {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: read.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
