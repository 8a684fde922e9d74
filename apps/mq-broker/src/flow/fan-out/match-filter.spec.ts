import fc from 'fast-check';
import { z } from 'zod';
import { compileFilter, filterSchema, MAX_FILTER_CONDITION_COUNT, MAX_FILTER_DEPTH, type FilterMessage } from './match-filter.js';

const message = (payload: unknown, rest: Partial<FilterMessage> = {}): FilterMessage => ({ type: 'order.paid', key: 'k1', headers: {}, ...rest, payload: () => payload });
const matches = (filter: unknown, payload: unknown, rest?: Partial<FilterMessage>) => compileFilter(filter)(message(payload, rest));
const faults = (filter: unknown) => (filterSchema.safeParse(filter).error?.issues ?? []).map((issue) => issue.message);

describe('a filter', () => {
  it.each([
    ['type', { type: 'order.paid' }, true],
    ['another type', { type: 'order.sent' }, false],
    ['the beginning of a type', { type: { $prefix: 'order.' } }, true],
    ['a key', { key: 'k1' }, true],
    ['a header', { 'headers.x-region': 'eu' }, true],
    ['a header with a dot in its name', { 'headers.a\\.b': 'dot' }, true],
    ['a header that is not there', { 'headers.toString': { $exists: true } }, false],
    ['a field', { 'payload.total': 100 }, true],
    ['a field of an array', { 'payload.items.0.sku': 'a' }, true],
    ['an array that is too short', { 'payload.items.1': { $exists: true } }, false],
    ['the length of an array, which the JSON does not hold', { 'payload.items.length': { $exists: true } }, false],
    ['a name with a dot', { 'payload.a\\.b': 1 }, true],
    ['a name with a backslash before a dot', { 'payload.c\\\\.d': 2 }, true],
    ['an object, whatever the order of its names', { 'payload.nested': { y: [2], x: 1 } }, true],
    ['an object with one name less', { 'payload.nested': { x: 1 } }, false],
    ['a part of a string, which has none', { 'payload.name.0': { $exists: true } }, false],
    ['several operators, all of which must hold', { 'payload.total': { $gte: 100, $lt: 101 } }, true],
    ['several operators, one of which does not hold', { 'payload.total': { $gt: 100, $lt: 101 } }, false],
    ['several paths, all of which must hold', { type: 'order.paid', 'payload.total': 1 }, false],
    ['one of two filters', { $or: [{ 'payload.total': 1 }, { 'payload.name': 'Ann' }] }, true],
    ['two filters', { $and: [{ 'payload.total': 100 }, { 'payload.name': 'Bob' }] }, false],
    ['what is not so', { $not: { 'payload.name': 'Bob' } }, true],
    ['nothing in particular', {}, true],
    ['no filter at all', null, true],
  ])('looks for %s', (_name, filter, expected) => {
    const payload = { total: 100, name: 'Ann', items: [{ sku: 'a' }], 'a.b': 1, 'c\\': { d: 2 }, nested: { x: 1, y: [2] } };
    expect(matches(filter, payload, { headers: { 'x-region': 'eu', 'a.b': 'dot' } })).toBe(expected);
  });

  it.each([
    [{ $gt: 5 }, '9', false],
    [{ $gt: '5' }, 9, false],
    [{ $gt: '10' }, '9', true],
    [{ $lte: 5 }, null, false],
    [{ $gte: 0 }, true, false],
    [{ $in: [1, 'a', null, [1]] }, [1], true],
    [{ $in: [1, 'a', null, [1]] }, '1', false],
    [{ $in: [] }, 1, false],
    [{ $nin: [] }, 1, true],
    [{ $prefix: 'a' }, ['a'], false],
    [{ $eq: { $ref: 1 } }, { $ref: 1 }, true],
    [0, -0, true],
  ])('never mixes types: %j and %j', (condition, value, expected) => {
    expect(matches({ payload: condition }, value)).toBe(expected);
  });

  it('takes what is missing for unequal to everything, null included', () => {
    const on = (condition: unknown) => matches({ 'payload.gone': condition }, { here: 1 });
    const holding = [{ $exists: false }, { $ne: 1 }, { $ne: null }, { $nin: [1, null] }];
    const failing = [{ $exists: true }, { $eq: null }, null, { $gt: 0 }, { $gte: '' }, { $lt: 0 }, { $lte: 0 }, { $in: [null] }, { $prefix: '' }];
    expect(holding.map(on)).toEqual(holding.map(() => true));
    expect(failing.map(on)).toEqual(failing.map(() => false));
    expect(matches({ 'payload.here': { $exists: true } }, { here: null })).toBe(true);
  });

  it('finds a message without key by null as well as by $exists', () => {
    const filters = [{ key: null }, { key: { $exists: false } }, { key: { $ne: 'k1' } }];
    expect(filters.map((filter) => matches(filter, 1, { key: null }))).toEqual([true, true, true]);
    expect(filters.map((filter) => matches(filter, 1))).toEqual([false, false, false]);
  });

  it('follows nothing that the JSON itself does not hold', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(matches({ [`payload.${name}`]: { $exists: true } }, {})).toBe(false);
      expect(matches({ [`payload.${name}.name`]: { $exists: true } }, {})).toBe(false);
    }
    expect(matches({ 'payload.__proto__.x': 1 }, JSON.parse('{"__proto__":{"x":1}}'))).toBe(true);
  });

  it('reads the payload only if a condition needs it, and then once', () => {
    let readCount = 0;
    const counted = { ...message(undefined), payload: () => ((readCount += 1), { a: 1, b: 2 }) };
    expect(compileFilter({ type: 'other', 'payload.a': 1 })(counted)).toBe(false);
    expect(readCount).toBe(0);
    expect(compileFilter({ 'payload.a': 1, 'payload.b': 2 })(counted)).toBe(true);
    expect(readCount).toBe(1);
  });

  it('finds nothing in a payload that is not JSON', () => {
    expect(matches({ payload: { $exists: false } }, undefined)).toBe(true);
    expect(matches({ 'payload.a': { $exists: true } }, undefined)).toBe(false);
  });
});

describe('the check of a filter', () => {
  it.each([
    [[], 'a filter must be an object of paths and conditions, like {"type": "order.paid"}'],
    ['type', 'a filter must be an object of paths and conditions, like {"type": "order.paid"}'],
    [{ total: 1 }, 'total: no such path; use type, key, headers.<name>, payload or payload.<name>'],
    [{ 'payload..a': 1 }, 'payload..a: a name in this path is empty; take out the extra dot, or write a dot that belongs to a name as \\.'],
    [{ 'type.a': 1 }, 'type.a: type is text with nothing inside; use type alone'],
    [{ 'headers.a.b': 1 }, 'headers.a.b: this must name one header, as headers.<name>; write a dot that belongs to the name as \\.'],
    [{ $gt: 1 }, '$gt: $gt stands inside a path, like {"payload.total": {"$gt": …}}'],
    [{ $nor: [] }, '$nor: no such operator; $and, $or and $not combine filters'],
    [{ $or: [] }, '$or: $or needs a list of at least one filter'],
    [{ $and: [{ type: 'a' }, { $not: 1 }] }, '$and > 1 > $not: a filter must be an object of paths and conditions, like {"type": "order.paid"}'],
    [{ 'payload.a': { $not: { $gt: 1 } } }, 'payload.a > $not: $not combines whole filters; put it beside the paths, not inside one'],
    [{ 'payload.a': { $regex: 'x' } }, 'payload.a > $regex: no such operator; there are $eq $ne $gt $gte $lt $lte $in $nin $prefix $exists'],
    [{ 'payload.a': { $gt: true } }, 'payload.a > $gt: $gt compares with a number or a string'],
    [{ 'payload.a': { $in: 'x' } }, 'payload.a > $in: $in needs a list of values'],
    [{ 'payload.a': { $exists: 1 } }, 'payload.a > $exists: $exists needs true or false'],
    [{ 'payload.a': { $prefix: 1 } }, 'payload.a > $prefix: $prefix needs a string'],
    [{ 'payload.a': { $gt: 1, b: 1 } }, 'payload.a > b: operators and plain names are mixed here; compare the whole object by $eq, or one field by its path'],
    [{ payload: { a: { $gt: 1 } } }, 'payload > a: operators work on paths, not inside a literal; write the path with dots, or compare by $eq'],
    [{ 'payload.a': undefined }, 'payload.a: this is no JSON value'],
    [JSON.parse('{"__proto__": 1}'), '__proto__: no such path; use type, key, headers.<name>, payload or payload.<name>'],
  ])('refuses %j and names the place and the cure', (filter, text) => {
    expect(faults(filter)).toEqual([text]);
    expect(() => compileFilter(filter)).toThrow(text);
  });

  it('names every fault at once, each with its path', () => {
    const issues = filterSchema.safeParse({ size: 1, $or: [{ 'payload.a': { $like: 1 } }] }).error?.issues;
    expect(issues?.map(({ path }) => path)).toEqual([['size'], ['$or', 0, 'payload.a', '$like']]);
  });

  it('allows ten levels and a hundred conditions, and not one more', () => {
    const nested = (depth: number): unknown => (depth === 1 ? { type: 'a' } : { $not: nested(depth - 1) });
    const wide = (count: number) => ({ $or: Array.from({ length: count }, (_, index) => ({ type: `t${index}` })) });
    const literal = (depth: number): unknown => (depth === 1 ? [] : [literal(depth - 1)]);
    expect(faults(nested(MAX_FILTER_DEPTH))).toEqual([]);
    expect(faults(nested(MAX_FILTER_DEPTH + 1))).toEqual([expect.stringContaining('nested too deep; at most 10 levels')]);
    expect(faults({ payload: literal(MAX_FILTER_DEPTH - 1) })).toEqual([]);
    expect(faults({ payload: { $eq: literal(MAX_FILTER_DEPTH) } })).toEqual([expect.stringContaining('nested too deep')]);
    expect(faults(wide(MAX_FILTER_CONDITION_COUNT))).toEqual([]);
    expect(faults(wide(MAX_FILTER_CONDITION_COUNT + 1))).toEqual(['$or > 100 > type: one condition too many; at most 100 are allowed, so join some with $in or split the subscription']);
    expect(faults({ 'payload.a': { $in: Array(1_001).fill(0) } })).toEqual(['payload.a > $in: at most 1000 values are allowed, not 1001']);
    expect(faults({ $or: Array(101).fill({}) })).toHaveLength(1);
    expect(faults(nested(2_000))).toHaveLength(1);
  });

  it('can be shown in an OpenAPI document', () => {
    expect(z.toJSONSchema(filterSchema)).toMatchObject({ type: 'object', examples: [{ type: 'order.paid', 'payload.total': { $gte: 100 } }] });
  });
});

describe('any filter and any message', () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const names = fc.constantFrom('type', 'key', 'headers.h', 'payload', 'payload.a', 'payload.b.0', 'payload.a.b', 'payload.length');
  const scalar = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('', 'a', 'b', 'ab'), fc.boolean(), fc.constant(null));
  const bound = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('', 'a', 'ab'));
  const list = fc.array(scalar, { maxLength: 3 });
  const operator = fc.oneof(
    fc.record({ $eq: scalar }),
    fc.record({ $ne: scalar }),
    fc.record({ $gt: bound }),
    fc.record({ $gte: bound }),
    fc.record({ $lt: bound }),
    fc.record({ $lte: bound }),
    fc.record({ $in: list }),
    fc.record({ $nin: list }),
    fc.record({ $prefix: fc.constantFrom('', 'a') }),
    fc.record({ $exists: fc.boolean() }),
  );
  const operators = fc.tuple(operator, operator).map(([one, another]): object => ({ ...one, ...another }));
  const condition = fc.oneof(scalar, operators);
  const { filter: anyFilter } = fc.letrec<{ filter: object }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      fc.dictionary(names, condition, { maxKeys: 2 }),
      fc.record({ $not: tie('filter') }),
      fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    ),
  }));
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }));
  const payload = fc.oneof(value, fc.dictionary(fc.constantFrom('a', 'b'), fc.oneof(value, fc.dictionary(fc.constantFrom('a', 'b'), value)), { maxKeys: 2 }), fc.constant(undefined));
  const anyMessage = fc
    .record({ type: fc.constantFrom('a', 'b'), key: fc.constantFrom(null, 'a', 'b'), headers: fc.dictionary(fc.constant('h'), fc.constantFrom('a', 'b')), payload })
    .map((it): FilterMessage => ({ ...it, payload: () => it.payload }));

  it('are checked without throwing, and matched without throwing where the check passed', () => {
    fc.assert(
      fc.property(fc.oneof(json, anyFilter, fc.dictionary(names, json)), anyMessage, json, (filter, some, body) => {
        const isValid = filterSchema.safeParse(filter).success;
        if (!isValid && filter !== null) return expect(() => compileFilter(filter)).toThrow('This filter cannot be used');
        const test = compileFilter(filter);
        expect([typeof test(some), typeof test(message(body))]).toEqual(['boolean', 'boolean']);
      }),
    );
  });

  it('are told apart by $not: either the filter matches or its opposite', () => {
    fc.assert(fc.property(anyFilter, anyMessage, (filter, some) => compileFilter({ $not: filter })(some) === !compileFilter(filter)(some)));
  });

  it("obey De Morgan's laws", () => {
    const two = fc.tuple(anyFilter, anyFilter);
    fc.assert(
      fc.property(two, anyMessage, ([a, b], some) => {
        expect(compileFilter({ $not: { $or: [a, b] } })(some)).toBe(compileFilter({ $and: [{ $not: a }, { $not: b }] })(some));
        expect(compileFilter({ $not: { $and: [a, b] } })(some)).toBe(compileFilter({ $or: [{ $not: a }, { $not: b }] })(some));
      }),
    );
  });

  it('give $ne as the opposite of $eq, $nin as that of $in, and $in as any of $eq', () => {
    fc.assert(
      fc.property(names, fc.array(json, { maxLength: 4 }), anyMessage, (path, values, some) => {
        const test = (condition: unknown) => compileFilter({ [path]: condition })(some);
        expect(test({ $nin: values })).toBe(!test({ $in: values }));
        expect(test({ $in: values })).toBe(values.some(($eq) => test({ $eq })));
        for (const one of values) expect(test({ $ne: one })).toBe(!test({ $eq: one }));
      }),
    );
  });

  it('find any JSON equal to itself, and to its copy', () => {
    fc.assert(fc.property(json, (body) => matches({ payload: { $eq: body } }, JSON.parse(JSON.stringify(body)))));
  });

  it('reach any field by its escaped name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), json, (name, body) => {
        const escaped = name.replace(/[\\.]/g, (sign) => `\\${sign}`);
        const holder = Object.fromEntries([[name, body]]);
        expect(matches({ [`payload.${escaped}`]: { $eq: body } }, holder)).toBe(true);
      }),
    );
  });
});
