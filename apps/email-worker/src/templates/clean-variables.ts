import type { TemplateVariable } from '@angarium/contracts';
import { oneLine } from './one-line.js';

export type TemplateVariables = Readonly<Record<string, TemplateVariable>>;

/**
 * The variables as templates see them: every text is one line, so that a value cannot write paragraphs of its own, and a blank one is
 * none, so that it is missed where it is needed. Inherited properties are left behind.
 */
export function cleanVariables(variables: TemplateVariables): Record<string, TemplateVariable> {
  const cleaned = Object.entries(variables).map(([name, value]) => [name, clean(value)] as const);
  return Object.fromEntries(cleaned.filter((entry): entry is readonly [string, TemplateVariable] => entry[1] !== undefined));
}

function clean(value: TemplateVariable): TemplateVariable | undefined {
  if (typeof value === 'string') return oneLine(value) || undefined;
  // the places of a list mean something: a blank one stays
  if (Array.isArray(value)) return value.map((item) => clean(item) ?? '');
  return typeof value === 'object' ? cleanVariables(value) : value;
}
