import { z } from 'zod';

export const topicName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits and . _ - (at most 200, beginning with a letter or digit)')
  .describe('Name of a topic, unique within its tenant.');

/** Any JSON value; `undefined` is none. */
export const jsonValue = z.unknown().refine((value) => value !== undefined, 'is required (any JSON value, null included)');

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Most items of one page.'),
  cursor: z.string().max(500).optional().describe('`nextCursor` of the page before.'),
};

/** A page of a list; `nextCursor` is null on the last one. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const timestamp = z.iso.datetime({ offset: true, error: 'write a date and time with its offset, such as 2026-11-21T09:00:00Z or 2026-11-21T10:00:00+01:00' });
export const emptyAnswer = z.undefined();
