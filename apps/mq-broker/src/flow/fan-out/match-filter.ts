import { z } from 'zod';

/** How deep a filter may nest: itself, `$and`, `$or`, `$not`, and the arrays and objects of its literals. */
export const MAX_FILTER_DEPTH = 10;
/** Operators and literals of a filter, all paths together; an empty sub-filter counts as one. */
export const MAX_FILTER_CONDITION_COUNT = 100;
/** Entries of one `$in` or `$nin`. */
export const MAX_FILTER_LIST_LENGTH = 1_000;
/** Where there are more faults they are not listed, so that an answer stays readable. */
const MAX_PROBLEM_COUNT = 20;

/** What a filter sees of a message. */
export interface FilterMessage {
  readonly type: string;
  /** null: the message has no key; matched by `$exists: false` and by `null`. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed payload; `undefined` where it is not JSON. Called at most once a match, and only if a condition reads it. Must not throw. */
  readonly payload: () => unknown;
}

type Json = Readonly<Record<string, unknown>>;
type Match = (message: FilterMessage) => boolean;
type Test = (value: unknown) => boolean;
interface Path {
  readonly root: 'type' | 'key' | 'headers' | 'payload';
  readonly names: readonly string[];
}
interface Problem {
  readonly where: readonly (string | number)[];
  readonly text: string;
}

const OPERATORS = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$prefix', '$exists'] as const;
type Operator = (typeof OPERATORS)[number];

/** JSON knows no undefined, so it can stand for "nothing at this path". */
const MISSING = undefined;
const isOperator = (name: string): name is Operator => (OPERATORS as readonly string[]).includes(name);
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const hasOperators = (value: unknown): value is Json => isObject(value) && Object.keys(value).some((name) => name.startsWith('$'));

/**
 * A subscription's filter: paths (`type`, `key`, `headers.<name>`, `payload`, `payload.items.0.sku`; a dot inside a name is written `\.`), each with a
 * literal or with operators, all of which must hold; `$and`, `$or`, `$not` combine filters. What can only be a mistake is refused, naming the place.
 *
 * Not a `z.record`, which drops a key named `__proto__`: a filter that loses a condition delivers too much.
 */
export const filterSchema = z
  .unknown()
  .superRefine((filter, context) => {
    for (const { where, text } of findProblems(filter)) context.addIssue({ code: 'custom', path: [...where], message: describeProblem({ where, text }) });
  })
  .meta({
    type: 'object',
    description: 'Which messages are delivered: paths with a literal or with operators, combined by $and, $or and $not.',
    examples: [{ type: 'order.paid', 'payload.total': { $gte: 100 } }],
  });

/**
 * Makes the test of a filter: once for each version of a subscription, because it costs more than a match. The test is pure and throws for no JSON.
 *
 * Numbers are compared with numbers and strings with strings (by UTF-16 code units); anything else is equal or not, arrays and objects deeply. A path
 * that leads nowhere is matched by `$exists: false`, `$ne` and `$nin` alone. Only own properties are followed.
 *
 * @param filter null or undefined is no filter: everything matches.
 * @throws Error for what `filterSchema` refuses, because to deliver everything, or nothing, instead would go unnoticed.
 */
export function compileFilter(filter: unknown): (message: FilterMessage) => boolean {
  if (filter === null || filter === undefined) return () => true;
  const [problem] = findProblems(filter);
  if (problem) throw new Error(`This filter cannot be used: ${describeProblem(problem)}`);
  const match = compileObject(filter as Json);
  return (message) => {
    let read: { readonly value: unknown } | undefined;
    const payload = () => (read ??= { value: message.payload() }).value;
    return match({ type: message.type, key: message.key, headers: message.headers, payload });
  };
}

function compileObject(filter: Json): Match {
  const parts = Object.entries(filter).map(([name, value]) => compileEntry(name, value));
  return (message) => parts.every((matches) => matches(message));
}

function compileEntry(name: string, value: unknown): Match {
  if (name === '$not') {
    const inner = compileObject(value as Json);
    return (message) => !inner(message);
  }
  if (name === '$and' || name === '$or') {
    const inner = (value as readonly Json[]).map(compileObject);
    return name === '$and' ? (message) => inner.every((matches) => matches(message)) : (message) => inner.some((matches) => matches(message));
  }
  const path = parsePath(name);
  if (typeof path === 'string') throw new Error(path);
  const tests = hasOperators(value) ? Object.entries(value).map(([operator, operand]) => compileOperator(operator as Operator, operand, path)) : [equals(value)];
  return (message) => {
    const found = follow(message, path);
    return tests.every((test) => test(found));
  };
}

function compileOperator(operator: Operator, operand: unknown, path: Path): Test {
  switch (operator) {
    case '$eq':
      return equals(operand);
    case '$ne':
      return not(equals(operand));
    case '$in':
      return isIn(operand as readonly unknown[]);
    case '$nin':
      return not(isIn(operand as readonly unknown[]));
    case '$gt':
      return compares(operand, (value, bound) => value > bound);
    case '$gte':
      return compares(operand, (value, bound) => value >= bound);
    case '$lt':
      return compares(operand, (value, bound) => value < bound);
    case '$lte':
      return compares(operand, (value, bound) => value <= bound);
    case '$prefix':
      return (value) => typeof value === 'string' && value.startsWith(operand as string);
    case '$exists': {
      // A null in a payload was written by somebody; a null key is our own way to say that there is none.
      const nothing = path.root === 'key' ? null : MISSING;
      return (value) => (value !== nothing) === operand;
    }
  }
}

const not = (test: Test): Test => (value) => !test(value);
const equals = (literal: unknown): Test => (value) => isDeepEqual(value, literal);

function isIn(list: readonly unknown[]): Test {
  const scalars = new Set(list.filter((entry) => typeof entry !== 'object'));
  const others = list.filter((entry) => typeof entry === 'object');
  return (value) => scalars.has(value) || others.some((entry) => isDeepEqual(value, entry));
}

function compares(bound: unknown, holds: (value: string | number, bound: string | number) => boolean): Test {
  return (value) => (typeof value === 'number' || typeof value === 'string') && typeof value === typeof bound && holds(value, bound as string | number);
}

/** Goes no deeper than the literal, whose depth is limited: a payload's is not. */
function isDeepEqual(value: unknown, literal: unknown): boolean {
  if (value === literal) return true;
  if (Array.isArray(literal)) return Array.isArray(value) && value.length === literal.length && literal.every((entry, index) => isDeepEqual(value[index], entry));
  if (!isObject(literal) || !isObject(value)) return false;
  const names = Object.keys(literal);
  return names.length === Object.keys(value).length && names.every((name) => Object.hasOwn(value, name) && isDeepEqual(value[name], literal[name]));
}

function follow(message: FilterMessage, { root, names }: Path): unknown {
  if (root === 'type' || root === 'key') return message[root];
  let found: unknown = root === 'headers' ? message.headers : message.payload();
  for (const name of names) {
    // `length` is an own property of an array, but nothing that the JSON said.
    const mayHold = isObject(found) || (Array.isArray(found) && /^\d+$/.test(name));
    if (!mayHold || !Object.hasOwn(found as object, name)) return MISSING;
    found = (found as Json)[name];
  }
  return found;
}

/** The path, or what is wrong with it. */
function parsePath(text: string): Path | string {
  const parts = [''];
  for (const sign of text.match(/\\[.\\]|[^]/g) ?? []) {
    if (sign === '.') parts.push('');
    else parts[parts.length - 1] += sign.length === 2 ? sign.slice(1) : sign;
  }
  const [root, ...names] = parts;
  if (root !== 'type' && root !== 'key' && root !== 'headers' && root !== 'payload') return 'no such path; use type, key, headers.<name>, payload or payload.<name>';
  if (names.includes('')) return 'a name in this path is empty; take out the extra dot, or write a dot that belongs to a name as \\.';
  if (names.length > 0 && root !== 'headers' && root !== 'payload') return `${root} is text with nothing inside; use ${root} alone`;
  if (root === 'headers' && names.length !== 1) return 'this must name one header, as headers.<name>; write a dot that belongs to the name as \\.';
  return { root, names };
}

function describeProblem({ where, text }: Problem): string {
  const place = where.map((step) => (typeof step === 'string' && step.length > 80 ? `${step.slice(0, 80)}…` : step)).join(' > ');
  return place === '' ? text : `${place}: ${text}`;
}

/** Pure, and safe for any value: it walks no deeper than the limit and stops once enough is wrong. */
function findProblems(root: unknown): readonly Problem[] {
  const problems: Problem[] = [];
  let conditionCount = 0;
  const isEnough = () => problems.length >= MAX_PROBLEM_COUNT || conditionCount > MAX_FILTER_CONDITION_COUNT;
  const complain = (where: Problem['where'], text: string) => void problems.push({ where, text });
  const isTooDeep = (where: Problem['where'], depth: number) => {
    if (depth > MAX_FILTER_DEPTH) complain(where, `nested too deep; at most ${MAX_FILTER_DEPTH} levels are allowed, so flatten it or split the subscription`);
    return depth > MAX_FILTER_DEPTH;
  };
  const count = (where: Problem['where']) => {
    conditionCount += 1;
    if (conditionCount !== MAX_FILTER_CONDITION_COUNT + 1) return;
    complain(where, `one condition too many; at most ${MAX_FILTER_CONDITION_COUNT} are allowed, so join some with $in or split the subscription`);
  };

  function checkFilter(filter: unknown, where: Problem['where'], depth: number): void {
    if (!isObject(filter)) return complain(where, 'a filter must be an object of paths and conditions, like {"type": "order.paid"}');
    if (isTooDeep(where, depth)) return;
    const entries = Object.entries(filter);
    if (entries.length === 0) count(where);
    for (const [name, value] of entries) {
      if (isEnough()) return;
      checkEntry(name, value, [...where, name], depth);
    }
  }

  function checkEntry(name: string, value: unknown, where: Problem['where'], depth: number): void {
    if (name === '$not') return checkFilter(value, where, depth + 1);
    if (name === '$and' || name === '$or') {
      if (!Array.isArray(value) || value.length === 0) return complain(where, `${name} needs a list of at least one filter`);
      for (const [index, inner] of value.entries()) if (!isEnough()) checkFilter(inner, [...where, index], depth + 1);
      return;
    }
    if (isOperator(name)) return complain(where, `${name} stands inside a path, like {"payload.total": {"${name}": …}}`);
    if (name.startsWith('$')) return complain(where, 'no such operator; $and, $or and $not combine filters');
    const path = parsePath(name);
    if (typeof path === 'string') return complain(where, path);
    if (!hasOperators(value)) {
      count(where);
      return checkLiteral(value, where, depth, false);
    }
    for (const [operator, operand] of Object.entries(value)) {
      if (isEnough()) return;
      count(where);
      checkOperand(operator, operand, [...where, operator], depth);
    }
  }

  function checkOperand(operator: string, operand: unknown, where: Problem['where'], depth: number): void {
    if (['$and', '$or', '$not'].includes(operator)) return complain(where, `${operator} combines whole filters; put it beside the paths, not inside one`);
    if (!operator.startsWith('$')) return complain(where, 'operators and plain names are mixed here; compare the whole object by $eq, or one field by its path');
    if (!isOperator(operator)) return complain(where, `no such operator; there are ${OPERATORS.join(' ')}`);
    if (operator === '$exists') return typeof operand === 'boolean' ? undefined : complain(where, '$exists needs true or false');
    if (operator === '$prefix') return typeof operand === 'string' ? undefined : complain(where, '$prefix needs a string');
    if (operator === '$in' || operator === '$nin') {
      if (!Array.isArray(operand)) return complain(where, `${operator} needs a list of values`);
      if (operand.length > MAX_FILTER_LIST_LENGTH) return complain(where, `at most ${MAX_FILTER_LIST_LENGTH} values are allowed, not ${operand.length}`);
    }
    if (operator === '$eq' || operator === '$ne' || operator === '$in' || operator === '$nin') return checkLiteral(operand, where, depth, true);
    if (typeof operand !== 'string' && !Number.isFinite(operand)) complain(where, `${operator} compares with a number or a string`);
  }

  /** @param isExplicit inside an operator, where names that begin with $ are nothing but names. */
  function checkLiteral(value: unknown, where: Problem['where'], depth: number, isExplicit: boolean): void {
    if (isEnough() || value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) return;
    if (typeof value !== 'object') return complain(where, 'this is no JSON value');
    if (isTooDeep(where, depth + 1)) return;
    if (!isExplicit && hasOperators(value)) return complain(where, 'operators work on paths, not inside a literal; write the path with dots, or compare by $eq');
    for (const [name, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) checkLiteral(inner, [...where, name], depth + 1, isExplicit);
  }

  checkFilter(root, [], 1);
  return problems;
}
