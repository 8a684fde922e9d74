import { Liquid, type Template } from 'liquidjs';
import { escapeHtml } from '../compose/escape-html.js';
import type { TemplateVariables } from './clean-variables.js';

/** Characters of one text; compiled MJML is several times its source. */
export const MAX_TEXT_CHARS = 600_000;
/** By the clock. A mail takes about a millisecond; a template that loops is cut off here, because it holds up all others of this replica. */
const RENDER_MS = 500;
/** Characters and list items that filters and loops may make. */
const MEMORY_UNITS = 5_000_000;
const MAX_RENDERED_CHARS = 1_000_000;

/** Without those that read files, and those that write a value past the escaping. */
const tags = new Set(['assign', 'for', 'capture', 'case', 'comment', 'if', 'unless', 'break', 'continue', '#']);

/** `html`: every value is escaped. `plain`: it stands as it is. */
export type TextKind = 'html' | 'plain';

/** A text that was read once and can be filled in many times. */
export interface LiquidText {
  readonly kind: TextKind;
  readonly templates: Template[];
  /** Names of the variables it uses, on the top level. */
  readonly variables: readonly string[];
}

export interface FilledText {
  readonly text: string;
  /** Paths of variables that were needed and not there; their places are empty. */
  readonly missing: readonly string[];
}

/** What is wrong with a text, in words for its author; never with a value. */
export class LiquidFault extends Error {
  /** Cut off by the clock: a machine that stood still for a moment looks the same. */
  isTime = false;
}

const engines: Readonly<Record<TextKind, Liquid>> = { html: engineOf((value) => escapeHtml(asText(value))), plain: engineOf(asText) };

/** Reads a text. Pure. @throws LiquidFault */
export function readLiquid(kind: TextKind, source: string): LiquidText {
  const engine = engines[kind];
  try {
    const templates = engine.parse(source);
    return { kind, templates, variables: engine.globalVariablesSync(templates) };
  } catch (error) {
    throw new LiquidFault(faultsIn(error).map(({ message }) => message).join('; '), { cause: error });
  }
}

/** Fills a text in with cleaned variables. Blocks for at most RENDER_MS, usually a fraction of a millisecond. @throws LiquidFault */
export function fillLiquid({ kind, templates }: LiquidText, variables: TemplateVariables): FilledText {
  const engine = engines[kind];
  try {
    return { text: requireSize(withoutStacks(() => engine.renderSync(templates, variables) as string)), missing: [] };
  } catch (error) {
    const faults = faultsIn(error);
    const missing = faults.map((fault) => (fault.originalError as { variableName?: unknown } | undefined)?.variableName);
    const other = faults.find((_fault, index) => typeof missing[index] !== 'string');
    if (other !== undefined) throw failureOf(other);
    return { text: fillLeniently(engine, templates, variables), missing: [...new Set(missing as string[])] };
  }
}

function fillLeniently(engine: Liquid, templates: Template[], variables: TemplateVariables): string {
  try {
    return requireSize(withoutStacks(() => engine.renderSync(templates, variables, { strictVariables: false }) as string));
  } catch (error) {
    throw failureOf(faultsIn(error)[0]);
  }
}

/** The engine's words may repeat a value: only the kind and the place of the fault are told, and it goes along as no cause. */
function failureOf(cause: OneFault | undefined): LiquidFault {
  if (cause instanceof LiquidFault) return cause;
  const { message = '' } = cause ?? {};
  const [place = ''] = /, line:\d+, col:\d+$/.exec(message) ?? [];
  const fault = new LiquidFault(`${message.includes('limit exceeded') ? 'takes too much time or memory' : 'a filter or tag cannot take what it is given'}${place}`);
  fault.isTime = message.includes('template render limit exceeded');
  return fault;
}

/** The engine reads the stack of each of its errors, which takes some 100 ms where source maps are on; nobody is told of it. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function requireSize(text: string): string {
  if (text.length > MAX_RENDERED_CHARS) throw new LiquidFault(`becomes longer than ${MAX_RENDERED_CHARS} characters`);
  return text;
}

interface OneFault {
  readonly message: string;
  readonly originalError?: unknown;
}

/** The engine collects faults in lists of lists: one for each block. */
function faultsIn(error: unknown): OneFault[] {
  const { errors } = error as { errors?: unknown };
  if (Array.isArray(errors)) return errors.flatMap(faultsIn);
  return [error instanceof Error ? error : new Error(String(error))];
}

function engineOf(outputEscape: (value: unknown) => string): Liquid {
  const engine = new Liquid({
    ...{ strictVariables: true, strictFilters: true, lenientIf: true, ownPropertyOnly: true, catchAllErrors: true, outputEscape },
    ...{ parseLimit: MAX_TEXT_CHARS, renderLimit: RENDER_MS, memoryLimit: MEMORY_UNITS },
    // no template refers to another one, and there is no folder to look in
    templates: {},
    timezoneOffset: 0,
  });
  for (const name of Object.keys(engine.tags)) if (!tags.has(name)) delete engine.tags[name];
  delete engine.filters['raw'];
  return engine;
}

/** An object has no text of its own: its fields have. */
function asText(value: unknown): string {
  if (Array.isArray(value)) return value.map(asText).join('');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
