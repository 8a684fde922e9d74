import type { VariableSchema } from '@angarium/contracts';
import { isLinkTarget } from './check-links.js';

export interface VariableFaults {
  /** Paths of what is required and not there: `order.id`. */
  readonly missing: string[];
  /** Never with the value: it may be personal. */
  readonly wrong: { readonly path: string; readonly message: string }[];
}

const forms = {
  uri: { fits: (text: string) => /^(https?|mailto|tel):\S+$/i.test(text) && isLinkTarget(text), is: 'an http, https, mailto or tel address' },
  email: { fits: (text: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text), is: 'a mail address' },
  date: { fits: (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)), is: 'a date such as 2026-11-20' },
  'date-time': { fits: (text: string) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), is: 'a time such as 2026-11-20T08:30:00Z' },
} as const;

/** Compares cleaned variables with the schema of a template; lists all faults. Takes as long as the variables are large. */
export function checkVariables(schema: VariableSchema, variables: unknown): VariableFaults {
  const faults: VariableFaults = { missing: [], wrong: [] };
  check(schema, variables, '', faults);
  return faults;
}

function check(schema: VariableSchema, value: unknown, path: string, faults: VariableFaults): void {
  const wrong = (message: string) => void faults.wrong.push({ path, message });
  if (!hasType(schema.type, value)) return wrong(`must be of type ${schema.type}`);
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) wrong(`must be one of ${schema.enum.join(', ')}`);
  if (typeof value === 'string') checkText(schema, value, wrong);
  else if (typeof value === 'number') checkNumber(schema, value, wrong);
  else if (Array.isArray(value)) {
    if (schema.maxItems !== undefined && value.length > schema.maxItems) wrong(`must have at most ${schema.maxItems} items`);
    const { items } = schema;
    if (items !== undefined) value.forEach((item, index) => check(items, item, at(path, index), faults));
  } else if (typeof value === 'object' && value !== null) checkObject(schema, value as Record<string, unknown>, path, faults);
}

function checkObject({ properties = {}, required = [], additionalProperties }: VariableSchema, value: Record<string, unknown>, path: string, faults: VariableFaults): void {
  for (const name of required) if (!Object.hasOwn(value, name)) faults.missing.push(at(path, name));
  for (const [name, inner] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema !== undefined) check(schema, inner, at(path, name), faults);
    else if (additionalProperties === false) faults.wrong.push({ path: at(path, name), message: 'is no variable of this template' });
  }
}

function checkText({ maxLength, format }: VariableSchema, value: string, wrong: (message: string) => void): void {
  if (maxLength !== undefined && value.length > maxLength) wrong(`must have at most ${maxLength} characters`);
  if (format !== undefined && !forms[format].fits(value)) wrong(`must be ${forms[format].is}`);
}

function checkNumber({ minimum, maximum }: VariableSchema, value: number, wrong: (message: string) => void): void {
  if (minimum !== undefined && value < minimum) wrong(`must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum) wrong(`must be at most ${maximum}`);
}

function hasType(type: VariableSchema['type'], value: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

function at(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`;
}
