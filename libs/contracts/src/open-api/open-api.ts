import type { RawBody, RouteContract } from '../route.js';
import { commonCodes, errorSchema, ErrorAnswers, type ListedError } from './open-api-errors.js';
import { SchemaCollector, type Json } from './open-api-schemas.js';

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** Every code that a route of the list may answer with. */
  readonly errors: readonly ListedError[];
  /** Codes that any route which is not open may answer with, besides those that every service has: of its database. */
  readonly everywhere?: readonly string[];
  /** What each group of routes is about, in order. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * The OpenAPI 3.1 document of a list of routes. Pure; the same routes give the same document.
 * Rules over several fields (zod's refine) cannot be said in JSON Schema and are left to the descriptions.
 * @throws Error when a route names an error code that `errors` has not, or two schemas share a name.
 */
export function openApiOf(routes: readonly RouteContract[], options: OpenApiOptions): Json {
  const schemas = new SchemaCollector();
  const answers = new ErrorAnswers(options.errors);
  const versionedPaths = new Set(routes.filter((route) => answers.hasStatus(route, 428)).map(({ path }) => path));
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const isVersioned = versionedPaths.has(route.path);
    const operation: Json = {
      operationId: route.id,
      tags: [route.tag],
      summary: route.summary,
      ...(route.description === undefined ? {} : { description: route.description }),
      security: securityOf(route),
      ...parametersOf(route, schemas, answers.hasStatus(route, 428)),
      ...bodyOf(route, schemas),
      responses: { ...answerOf(route, schemas, isVersioned), ...answers.of(route, [...commonCodes(route), ...(route.access.kind === 'open' ? [] : (options.everywhere ?? []))]) },
    };
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation;
  }
  const { components, resolve } = schemas.finish();
  const used = new Set(routes.map(({ tag }) => tag));
  const tags = [...new Set([...Object.keys(options.tags ?? {}).filter((name) => used.has(name)), ...used])];
  return resolve({
    openapi: '3.1.0',
    info: { title: options.title, version: options.version, description: options.description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'The service that this document was read from.' }],
    tags: tags.map((name) => ({ name, ...(options.tags?.[name] === undefined ? {} : { description: options.tags[name] }) })),
    paths,
    components: { schemas: { ...components, Error: errorSchema }, responses: answers.shared(), securitySchemes: securitySchemes(routes) },
  });
}

function securityOf({ access }: RouteContract): Json[] {
  switch (access.kind) {
    case 'open':
      return [];
    case 'any-scope':
      return [{ apiKey: [] }];
    case 'operator':
      return [{ apiKey: ['operator'] }];
    case 'scope':
      return [{ apiKey: [access.scope] }];
    case 'service':
      return [{ serviceToken: [access.permission] }];
  }
}

function securitySchemes(routes: readonly RouteContract[]): Json {
  const hasServices = routes.some(({ access }) => access.kind === 'service');
  return {
    apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of a tenant (`ang_…`). A route names the scope that the key needs; without one, any key of the tenant will do; `operator` is a key of the system\'s own tenant with the scope admin.' },
    ...(hasServices ? { serviceToken: { type: 'apiKey', in: 'header', name: 'x-service-token', description: 'The token of a service of this system (`angs_…`). A route names the permission that it needs.' } } : {}),
  };
}

function parametersOf(route: RouteContract, schemas: SchemaCollector, needsVersion: boolean): { parameters?: Json[] } {
  const header = (name: string, description: string, required: boolean, schema: Json, example: string): Json => ({ name, in: 'header', required, description, schema, example });
  const parameters = [
    ...fieldsOf(route.params, 'path', route.example.params, schemas),
    ...fieldsOf(route.query, 'query', route.example.query, schemas),
    ...(needsVersion ? [header('If-Match', 'The ETag of the version that is replaced.', true, { type: 'string' }, '"1"')] : []),
    ...(route.isIdempotent === true
      ? [header('Idempotency-Key', 'Repeated with the same key and body, the call is answered as the first time and not carried out again.', false, { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' }, 'order-4711')]
      : []),
  ];
  return parameters.length === 0 ? {} : { parameters };
}

function fieldsOf(schema: RouteContract['params'], place: 'path' | 'query', examples: Readonly<Record<string, string>> | undefined, schemas: SchemaCollector): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.add(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...field }]) => {
    const example = examples?.[name];
    const typed = example !== undefined && field['type'] === 'integer' ? Number(example) : example;
    return { name, in: place, required: place === 'path' || required.includes(name), ...(description === undefined ? {} : { description }), schema: field, ...(typed === undefined ? {} : { example: typed }) };
  });
}

function bodyOf(route: RouteContract, schemas: SchemaCollector): { requestBody?: Json } {
  if (route.rawBody !== undefined) return { requestBody: rawBodyOf(route.rawBody, route.example) };
  if (route.body === undefined) return {};
  const { body } = route.example;
  return {
    requestBody: {
      // a body of which every field may be left out may be left out itself
      required: !route.body.safeParse({}).success,
      content: { 'application/json': { schema: schemas.add(route.body, 'input'), ...(body === undefined ? {} : { example: body }) } },
    },
  };
}

/** The example's header says of a text what it is, where it is always the same. */
function rawBodyOf({ as, maxBytes }: RawBody, { headers = {} }: RouteContract['example']): Json {
  const type = headers['content-type'] ?? (as === 'bytes' ? 'application/octet-stream' : '*/*');
  const schema = { type: 'string', ...(as === 'bytes' ? { format: 'binary' } : {}), ...(maxBytes === undefined ? {} : { maxLength: maxBytes }) };
  return { required: as === 'bytes', content: { [type]: { schema } } };
}

function answerOf(route: RouteContract, schemas: SchemaCollector, isVersioned: boolean): Json {
  const headers = {
    ...(isVersioned && (route.method === 'GET' || route.method === 'PUT') ? { ETag: { description: 'The version, for If-Match.', schema: { type: 'string' } } } : {}),
    ...(route.isIdempotent === true ? { 'Idempotency-Replayed': { description: '`true`: the answer to an earlier call with this Idempotency-Key.', schema: { type: 'string', const: 'true' } } } : {}),
  };
  const hasBody = route.status !== 204 && route.response._zod.def.type !== 'undefined';
  return {
    [String(route.status)]: {
      description: { 200: 'Done.', 201: 'Created.', 202: 'Accepted; it is carried out from here on.', 204: 'Done; there is nothing to say.' }[route.status],
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(hasBody ? { content: { 'application/json': { schema: schemas.add(route.response, 'output') } } } : {}),
    },
  };
}
