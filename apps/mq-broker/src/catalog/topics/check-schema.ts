import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import { MqErrors } from '../../errors.js';
import { linearRegExp } from './linear-reg-exp.js';

/** Larger ones are refused: a schema is compiled by every replica, and written out with every reading of its topic. */
export const MAX_SCHEMA_BYTES = 64 * 1024;
/** Beyond so many items each is compared with each: a list of a megabyte would hold up everybody's publishes. */
const MAX_UNIQUE_ITEMS = 1_000;

// ajv-formats is CommonJS: its default export is a property of what NodeNext takes for the default
const addFormats = addFormatsModule.default;
const dialects = new Map<unknown, 'draft-07' | '2020-12'>([
  [undefined, '2020-12'],
  ['https://json-schema.org/draft/2020-12/schema', '2020-12'],
  ['https://json-schema.org/draft/2020-12/schema#', '2020-12'],
  ['http://json-schema.org/draft-07/schema', 'draft-07'],
  ['http://json-schema.org/draft-07/schema#', 'draft-07'],
]);

/**
 * Compiles a topic's schema: JSON Schema draft 2020-12, or draft 07 where `$schema` says so. Takes milliseconds: once a version.
 * The validator stops at the first fault; a schema that refers to itself goes as deep as the payload does. Patterns take linear time.
 * @throws MQ_SCHEMA_INVALID for what is no schema, is larger than MAX_SCHEMA_BYTES, refers to another document, or could hold up others.
 */
export function checkSchema(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const sizeBytes = sizeOf(schema);
  if (sizeBytes > MAX_SCHEMA_BYTES) throw refusal('', `has ${sizeBytes} bytes; at most ${MAX_SCHEMA_BYTES} are taken`);
  const dialect = dialects.get(schema['$schema']);
  if (dialect === undefined) throw refusal('/$schema', 'names a dialect that is not known; use draft 2020-12 or draft 07');
  if (schema['$async'] !== undefined) throw refusal('/$async', 'is not JSON Schema');
  checkUniqueItems(schema, '');
  // an instance for each schema, so that one topic's $id is never seen by another's
  const ajv = new (dialect === 'draft-07' ? Ajv : Ajv2020)({ strict: false, logger: false, validateFormats: true, code: { regExp: linearRegExp } });
  addFormats(ajv);
  return compile(ajv, schema);
}

function sizeOf(schema: object): number {
  try {
    return Buffer.byteLength(JSON.stringify(schema));
  } catch (error) {
    throw refusal('', 'is nested too deeply', error);
  }
}

/** Looks everywhere, also where no schema stands (in `const`, `enum`, `default`): better one question too many. */
function checkUniqueItems(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  const { uniqueItems, maxItems } = value as { readonly uniqueItems?: unknown; readonly maxItems?: unknown };
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MAX_UNIQUE_ITEMS)) {
    throw refusal(path, `has uniqueItems without a maxItems of at most ${MAX_UNIQUE_ITEMS}; add one`);
  }
  for (const [key, inner] of Object.entries(value)) checkUniqueItems(inner, `${path}/${key}`);
}

function compile(ajv: Ajv, schema: Readonly<Record<string, unknown>>): ValidateFunction {
  try {
    if (ajv.validateSchema(schema) !== true) {
      const [fault] = ajv.errors ?? [];
      throw refusal(fault?.instancePath ?? '', fault?.message ?? 'is not a JSON Schema');
    }
    return ajv.compile(schema);
  } catch (error) {
    if (MqErrors.MQ_SCHEMA_INVALID.is(error)) throw error;
    const { missingRef } = error as { readonly missingRef?: unknown };
    if (typeof missingRef === 'string') throw refusal('', `refers to ${missingRef}, which is not in it; other documents are not fetched`);
    // a wrong pattern, a definition that is there twice, nesting that is too deep: Ajv says which
    throw refusal('', error instanceof RangeError ? 'is nested too deeply' : messageOf(error), error);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function refusal(path: string, message: string, cause?: unknown) {
  const details = { faults: [{ path: `schemaDefinition${path}`, message }] };
  return MqErrors.MQ_SCHEMA_INVALID(`The schema cannot be used: schemaDefinition${path} ${message}.`, { details, ...(cause === undefined ? {} : { cause }) });
}
