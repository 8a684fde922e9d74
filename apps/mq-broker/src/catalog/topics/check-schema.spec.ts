import { checkSchema, MAX_SCHEMA_BYTES } from './check-schema.js';

const order = { type: 'object', required: ['orderId'], properties: { orderId: { type: 'string', format: 'uuid' }, total: { type: 'number', minimum: 0 } } };

function refusal(schema: Record<string, unknown>): { code?: string; path?: string; message?: string } {
  try {
    checkSchema(schema);
    return {};
  } catch (error) {
    const { code, details } = error as { code: string; details: { faults: [{ path: string; message: string }] } };
    return { code, ...details.faults[0] };
  }
}

describe('a schema of a topic', () => {
  it('tells payloads that fit from those that do not, and where', () => {
    const fits = checkSchema(order);
    expect(fits({ orderId: '5f0b2c1e-5a35-4a3c-8d55-5b8f0d6f4f7e', total: 1 })).toBe(true);
    expect(fits({ orderId: '5f0b2c1e-5a35-4a3c-8d55-5b8f0d6f4f7e', total: -1 })).toBe(false);
    expect(fits.errors).toMatchObject([{ instancePath: '/total', message: 'must be >= 0' }]);
    expect(fits({ orderId: 'x' })).toBe(false);
  });

  it('is draft 2020-12, or 07 where it says so', () => {
    const pair = { prefixItems: [{ type: 'string' }], items: false };
    expect(checkSchema(pair)(['a', 1])).toBe(false);
    const old = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }], additionalItems: false };
    expect(checkSchema(old)(['a', 1])).toBe(false);
    expect(checkSchema(old)(['a'])).toBe(true);
    expect(refusal({ $schema: 'http://json-schema.org/draft-04/schema#' })).toMatchObject({ code: 'MQ_SCHEMA_INVALID', path: 'schemaDefinition/$schema' });
  });

  it('may refer to its own parts, and two topics may use one $id', () => {
    const schema = { $id: 'https://example.com/order', $ref: '#/$defs/order', $defs: { order } };
    expect(checkSchema(schema)({})).toBe(false);
    expect(checkSchema({ ...schema, $defs: { order: true } })({})).toBe(true);
  });

  it.each([
    [{ type: 'objekt' }, /schemaDefinition\/type/, /must be equal/],
    [{ properties: { total: { minimum: 'none' } } }, /schemaDefinition\/properties\/total\/minimum/, /must be number/],
    [{ $ref: 'https://example.com/other.json' }, /schemaDefinition/, /refers to https:\/\/example.com\/other.json.*not fetched/],
    [{ $ref: '#/$defs/missing' }, /schemaDefinition/, /refers to .*missing/],
    [{ pattern: '(' }, /schemaDefinition/, /regular expression|regex/],
    [{ pattern: '(?=a)b' }, /schemaDefinition/, /look-around and back references are not taken/],
    [{ patternProperties: { '(a)\\1': {} } }, /schemaDefinition/, /look-around and back references are not taken/],
    [{ properties: { tags: { type: 'array', uniqueItems: true } } }, /schemaDefinition\/properties\/tags/, /maxItems of at most 1000/],
    [{ $async: true }, /schemaDefinition\/\$async/, /is not JSON Schema/],
  ])('is refused when it is wrong: %j', (schema, path, message) => {
    expect(refusal(schema)).toMatchObject({ code: 'MQ_SCHEMA_INVALID', path: expect.stringMatching(path) as string, message: expect.stringMatching(message) as string });
  });

  it('has patterns as JavaScript knows them, found anywhere in a text', () => {
    const fits = checkSchema({ type: 'string', pattern: '\\u0041(?<year>\\d{4})\\/[\\p{L}_-]+' });
    expect(fits('xA2026/größe_1')).toBe(true);
    expect(fits('A226/a')).toBe(false);
    const two = checkSchema({ properties: { a: { pattern: '^a' }, b: { pattern: '^b' } } });
    expect([two({ a: 'a', b: 'b' }), two({ a: 'b' }), two({ b: 'a' })]).toEqual([true, false, false]);
    expect(checkSchema({ patternProperties: { '^x-': { type: 'number' } } })({ 'x-a': 'b' })).toBe(false);
    expect(checkSchema({ type: 'array', uniqueItems: true, maxItems: 5 })([1, 1])).toBe(false);
  });

  it.each(['^(a+)+$', '^(a|a)*$', '^a+a+$'])('cannot make %s take long', (pattern) => {
    // a million letters: JavaScript's engine would not come to an end in this century
    expect(checkSchema({ pattern })(`${'a'.repeat(1_000_000)}!`)).toBe(false);
  });

  it('is refused when it is larger than 64 KiB or nested without end', () => {
    expect(refusal({ description: 'x'.repeat(MAX_SCHEMA_BYTES) })).toMatchObject({ message: expect.stringContaining('at most 65536') as string });
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 6_000; level++) deep = { not: deep };
    expect(refusal(deep).code).toBe('MQ_SCHEMA_INVALID');
  });
});
