import { z } from 'zod';
import { invalidField } from './invalid-field.js';

/** Where a page ended: the values that its list is ordered by. To a caller it is opaque text. */
export interface PageCursor<Key extends readonly string[]> {
  /** @throws INVALID_INPUT for what is no cursor of such a list. Undefined stays undefined: the first page. */
  decode(text: string | undefined): Key | undefined;
  /**
   * Makes a page of `limit` items from one row more than that, which only shows that there is another page.
   * @param keyOf the values of the last row of the page.
   */
  pageOf<Row, Item>(rows: readonly Row[], limit: number, keyOf: (row: Row) => Key, toItem: (row: Row) => Item): { readonly items: Item[]; readonly nextCursor: string | null };
}

/** Of lists ordered by name, then id. */
export const nameCursor = cursorOf(z.tuple([z.string().max(200), z.guid()]));
/** Of lists ordered by a time, then id. */
export const timeCursor = cursorOf(z.tuple([z.iso.datetime(), z.guid()]));

function cursorOf<Key extends readonly string[]>(shape: z.ZodType<Key>): PageCursor<Key> {
  return {
    decode(text) {
      if (text === undefined) return undefined;
      const key = shape.safeParse(parse(text));
      if (key.success) return key.data;
      throw invalidField('cursor', 'is no cursor of this list; use nextCursor of the page before, or leave it out');
    },
    pageOf(rows, limit, keyOf, toItem) {
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = last !== undefined && rows.length > limit ? Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') : null;
      return { items: page.map(toItem), nextCursor };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined; // refused by the shape
  }
}
