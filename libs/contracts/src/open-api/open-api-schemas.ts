import { z } from 'zod';

export type Json = { readonly [field: string]: unknown };
type Direction = 'input' | 'output';

const inlineReference = '#/$defs/';

/**
 * Turns zod schemas into JSON Schema (draft 2020-12) and gathers those that have a name (`.meta({ id })`) as components.
 * What a caller sends and what it gets differ where fields have defaults: the first is then named `…Input`.
 * Pure but for what it gathers; ask for `components()` after the last schema.
 */
export class SchemaCollector {
  private readonly named = { input: new Map<string, Json>(), output: new Map<string, Json>() };

  /** @throws Error when two schemas share a name: one of them would be documented as the other. */
  add(schema: z.ZodType, io: Direction): Json {
    const { $defs = {}, ...root } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any', override: (at) => tidy(at, io) }) as Json & { $defs?: Record<string, Json> };
    delete (root as { $schema?: string }).$schema; // OpenAPI 3.1 has this dialect anyway
    for (const [name, definition] of Object.entries($defs)) {
      const known = this.named[io].get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(definition)) throw new Error(`Two schemas are named ${name}. Give one of them another id in .meta().`);
      this.named[io].set(name, definition);
    }
    return mark(root, io);
  }

  /** The components by name, and a function that makes what `add` answered with refer to them. */
  finish(): { components: Record<string, Json>; resolve: (value: Json) => Json } {
    const { input, output } = this.named;
    const split = this.splitNames();
    const nameOf = (name: string, io: Direction) => (io === 'input' && split.has(name) ? `${name}Input` : name);
    const resolve = (value: Json) => replaceReferences(value, nameOf) as Json;
    const entries = (['output', 'input'] as const).flatMap((io) => [...this.named[io]].map(([name, it]) => [nameOf(name, io), resolve(mark(it, io))] as const));
    const taken = [...input.keys(), ...output.keys()].filter((name) => name.endsWith('Input') && split.has(name.slice(0, -5)));
    if (taken.length > 0) throw new Error(`The schema names ${taken.join(', ')} are needed for what callers send. Choose others in .meta().`);
    return { components: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))), resolve };
  }

  /** Names that mean something else for a caller that sends than for one that reads, also through what they refer to. */
  private splitNames(): Set<string> {
    const { input, output } = this.named;
    const shared = [...input.keys()].filter((name) => output.has(name));
    const split = new Set(shared.filter((name) => JSON.stringify(input.get(name)) !== JSON.stringify(output.get(name))));
    for (let before = -1; before !== split.size; ) {
      before = split.size;
      for (const name of shared) if (referencesOf(input.get(name)).some((other) => split.has(other))) split.add(name);
    }
    return split;
  }
}

/** zod says more than a reader wants: patterns beside formats, and the limits of a double. An answer may gain fields, so readers must not refuse them. */
function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }, io: Direction): void {
  if (jsonSchema.format !== undefined && ['uuid', 'date-time', 'uri'].includes(jsonSchema.format)) delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (io === 'output' && zodSchema._zod.def.type === 'object' && zodSchema._zod.def.catchall === undefined) delete jsonSchema.additionalProperties;
}

/** References keep their direction until all names are known. */
function mark(value: Json, io: Direction): Json {
  return mapReferences(value, (reference) => (reference.startsWith(inlineReference) ? `${io}:${reference.slice(inlineReference.length)}` : reference)) as Json;
}

function replaceReferences(value: Json, nameOf: (name: string, io: Direction) => string): unknown {
  return mapReferences(value, (reference) => {
    const [, io, name] = /^(input|output):(.+)$/.exec(reference) ?? [];
    return io === undefined || name === undefined ? reference : `#/components/schemas/${nameOf(name, io as Direction)}`;
  });
}

function referencesOf(value: unknown): string[] {
  const found: string[] = [];
  mapReferences(value, (reference) => {
    found.push(reference.slice(inlineReference.length));
    return reference;
  });
  return found;
}

function mapReferences(value: unknown, change: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((it) => mapReferences(it, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, it]) => [field, field === '$ref' && typeof it === 'string' ? change(it) : mapReferences(it, change)]));
}
