import { z } from 'zod';
import { defineRoute } from '../route.js';
import { openApiOf } from './open-api.js';

const error = (code: string, status: number) => ({ code, status, summary: `${code} happened.`, cure: 'Send <less>.' });
const errors = [
  error('UNAUTHORIZED', 401),
  error('FORBIDDEN', 403),
  error('INVALID_INPUT', 422),
  error('INVALID_JSON', 400),
  error('PAYLOAD_TOO_LARGE', 413),
  error('UNSUPPORTED_MEDIA_TYPE', 415),
  error('MQ_IDEMPOTENCY_MISMATCH', 422),
  error('MQ_IDEMPOTENCY_IN_PROGRESS', 409),
  error('INTERNAL', 500),
  error('UNAVAILABLE', 503),
  error('SOUP_COLD', 422),
  error('SOUP_GONE', 404),
  error('VERSION_REQUIRED', 428),
];
const options = { title: 'Kitchen', version: '1', description: 'Soups.', errors };

const spice = z.object({ name: z.string(), grams: z.number().default(1) }).meta({ id: 'Spice' });
const soup = z.object({ id: z.uuid(), madeAt: z.iso.datetime(), spices: z.array(spice), bowls: z.number().int() }).meta({ id: 'Soup' });
const CookSoup = defineRoute({
  id: 'soup.cook',
  method: 'POST',
  path: '/soups',
  tag: 'Soups',
  summary: 'Cook a soup.',
  access: { kind: 'scope', scope: 'publish' },
  body: z.object({ spices: z.array(spice) }).strict(),
  status: 201,
  response: soup,
  errors: ['SOUP_COLD'],
  isIdempotent: true,
  example: { body: { spices: [{ name: 'salt' }] } },
});
const ReplaceSoup = defineRoute({
  id: 'soup.replace',
  method: 'PUT',
  path: '/soups/{id}',
  tag: 'Soups',
  summary: 'Replace a soup.',
  access: { kind: 'scope', scope: 'admin' },
  params: z.object({ id: z.uuid().describe('Which soup.') }),
  body: z.object({ bowls: z.number().int().default(1) }).strict(),
  response: soup,
  errors: ['SOUP_GONE', 'VERSION_REQUIRED'],
});
const ListSoups = defineRoute({
  id: 'soup.list',
  method: 'GET',
  path: '/soups',
  tag: 'Soups',
  summary: 'List soups.',
  access: { kind: 'any-scope' },
  query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(50), before: z.iso.datetime().optional() }),
  response: z.object({ items: z.array(soup) }),
  example: { query: { limit: '10' } },
});
const CountBowls = defineRoute({
  id: 'bowl.count',
  method: 'GET',
  path: '/internal/bowls',
  tag: 'Bowls',
  summary: 'Count bowls.',
  access: { kind: 'service', permission: 'bowls' },
  response: z.object({ count: z.number() }),
});
const GetMenu = defineRoute({
  id: 'menu.get',
  method: 'DELETE',
  path: '/menu',
  tag: 'Bowls',
  summary: 'Throw the menu away.',
  access: { kind: 'open', reason: 'a test' },
  status: 204,
  response: z.undefined(),
});

interface Operation {
  readonly operationId: string;
  readonly security: unknown;
  readonly parameters?: readonly { name: string; in: string; required: boolean; example?: unknown; schema: unknown; description?: string }[];
  readonly requestBody?: { required: boolean; content: { 'application/json': { schema: unknown; example?: unknown } } };
  readonly responses: Record<string, { $ref?: string; description?: string; headers?: Record<string, unknown>; content?: { 'application/json': { schema: unknown } } }>;
}
interface Document {
  readonly openapi: string;
  readonly tags: readonly { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, unknown>; responses: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}
const documentOf = (...routes: Parameters<typeof openApiOf>[0]) => openApiOf(routes, options) as unknown as Document;
const all = documentOf(CookSoup, ReplaceSoup, ListSoups, CountBowls, GetMenu);

describe('an OpenAPI document made from routes', () => {
  it('has each route as an operation named by its id', () => {
    const ids = Object.values(all.paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
    expect(ids).toEqual(['soup.cook', 'soup.list', 'soup.replace', 'bowl.count', 'menu.get']);
    expect(all.openapi).toBe('3.1.0');
  });

  it('lets a caller leave out what has a default, and promises it in the answer', () => {
    expect(all.components.schemas['SpiceInput']).toMatchObject({ required: ['name'] });
    expect(all.components.schemas['Spice']).toMatchObject({ required: ['name', 'grams'] });
    expect(JSON.stringify(all.paths['/soups']?.['post']?.requestBody)).toContain('#/components/schemas/SpiceInput');
    expect(JSON.stringify(all.components.schemas['Soup'])).toContain('"#/components/schemas/Spice"');
    expect(JSON.stringify(all)).not.toMatch(/\$defs|"(input|output):/);
  });

  it('gives two names also to a schema that differs only in what it refers to', () => {
    const recipe = z.object({ spice }).strict().meta({ id: 'Recipe' });
    const document = documentOf(defineRoute({ ...CountBowls, path: '/a', method: 'POST', body: z.object({ recipe }), response: z.object({ recipe }) }));
    expect(document.components.schemas['RecipeInput']).toMatchObject({ properties: { spice: { $ref: '#/components/schemas/SpiceInput' } } });
    expect(document.components.schemas['Recipe']).toMatchObject({ properties: { spice: { $ref: '#/components/schemas/Spice' } } });
  });

  it('keeps one name for a schema that reads the same both ways', () => {
    const plainSpice = z.object({ name: z.string() }).strict().meta({ id: 'PlainSpice' });
    const document = documentOf(defineRoute({ ...CountBowls, path: '/a', method: 'POST', body: z.object({ spice: plainSpice }), response: z.object({ spice: plainSpice }) }));
    expect(Object.keys(document.components.schemas)).toEqual(['PlainSpice', 'Error']);
  });

  it('refuses two schemas of one name', () => {
    const other = z.object({ other: z.string() });
    z.globalRegistry.add(other, { id: 'Soup' });
    expect(() => documentOf(CookSoup, defineRoute({ ...CountBowls, response: other }))).toThrow('Two schemas are named Soup');
  });

  it('lets answers gain fields, and refuses unknown ones in strict bodies only', () => {
    expect(all.components.schemas['Soup']).not.toHaveProperty('additionalProperties');
    expect(all.paths['/soups']?.['post']?.requestBody?.content['application/json'].schema).toMatchObject({ additionalProperties: false });
  });

  it('describes parameters of path and query, with their examples as numbers where they are', () => {
    expect(all.paths['/soups/{id}']?.['put']?.parameters?.[0]).toEqual({ name: 'id', in: 'path', required: true, description: 'Which soup.', schema: { type: 'string', format: 'uuid' } });
    expect(all.paths['/soups']?.['get']?.parameters).toEqual([
      { name: 'limit', in: 'query', required: false, example: 10, schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } },
      { name: 'before', in: 'query', required: false, schema: { type: 'string', format: 'date-time' } },
    ]);
  });

  it('asks for If-Match where an update needs a version, and gives an ETag there', () => {
    const put = all.paths['/soups/{id}']?.['put'];
    expect(put?.parameters?.find(({ name }) => name === 'If-Match')).toMatchObject({ in: 'header', required: true });
    expect(put?.responses['200']?.headers).toHaveProperty('ETag');
    expect(all.paths['/soups']?.['post']?.responses['201']?.headers).not.toHaveProperty('ETag');
  });

  it('offers Idempotency-Key where a route can be repeated', () => {
    const post = all.paths['/soups']?.['post'];
    expect(post?.parameters?.map(({ name, required }) => [name, required])).toEqual([['Idempotency-Key', false]]);
    expect(post?.responses['201']?.headers).toHaveProperty('Idempotency-Replayed');
    expect(post?.responses).toHaveProperty('409');
  });

  it('groups errors by status, with their codes, and says how to cure them', () => {
    const refused = all.paths['/soups']?.['post']?.responses['422'];
    expect(refused?.description).toBe(
      '`SOUP_COLD`: SOUP_COLD happened. Send \\<less>.\n\n`INVALID_INPUT`: INVALID_INPUT happened. Send \\<less>.\n\n`MQ_IDEMPOTENCY_MISMATCH`: MQ_IDEMPOTENCY_MISMATCH happened. Send \\<less>.',
    );
    expect(refused?.content?.['application/json'].schema).toEqual({
      allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: ['SOUP_COLD', 'INVALID_INPUT', 'MQ_IDEMPOTENCY_MISMATCH'] } } }],
    });
  });

  it('writes errors that many routes have once', () => {
    expect(all.paths['/soups']?.['get']?.responses['401']).toEqual({ $ref: '#/components/responses/Unauthorized' });
    expect(all.components.responses['Unavailable']).toHaveProperty('headers.Retry-After');
  });

  it('names the errors of the whole service at every route that is not open', () => {
    const document = openApiOf([CountBowls, GetMenu], { ...options, everywhere: ['SOUP_GONE'] }) as unknown as Document;
    expect(document.paths['/internal/bowls']?.['get']?.responses['404']).toEqual({ $ref: '#/components/responses/SoupGone' });
    expect(document.paths['/menu']?.['delete']?.responses).not.toHaveProperty('404');
  });

  it('says which credential and which scope each route needs', () => {
    expect(all.paths['/soups']?.['post']?.security).toEqual([{ apiKey: ['publish'] }]);
    expect(all.paths['/soups']?.['get']?.security).toEqual([{ apiKey: [] }]);
    expect(all.paths['/internal/bowls']?.['get']?.security).toEqual([{ serviceToken: ['bowls'] }]);
    expect(all.paths['/menu']?.['delete']?.security).toEqual([]);
    expect(all.components.securitySchemes).toMatchObject({ apiKey: { scheme: 'bearer' }, serviceToken: { name: 'x-service-token' } });
  });

  it('has no content for an answer without a body', () => {
    expect(all.paths['/menu']?.['delete']?.responses['204']).toEqual({ description: 'Done; there is nothing to say.' });
  });

  it('asks for a body only where one is needed', () => {
    expect(all.paths['/soups']?.['post']?.requestBody).toMatchObject({ required: true, content: { 'application/json': { example: { spices: [{ name: 'salt' }] } } } });
    expect(all.paths['/soups/{id}']?.['put']?.requestBody?.required).toBe(false);
  });

  it('says of a body that is taken raw of what type it is, and how long it may be', () => {
    const shared = { method: 'POST', tag: 'Soups', summary: 'Takes it raw.', access: { kind: 'open', reason: 'a test' }, response: z.unknown() } as const;
    const bodyOf = (raw: { rawBody: NonNullable<(typeof CookSoup)['rawBody']>; example?: (typeof CookSoup)['example'] }) =>
      documentOf(defineRoute({ ...shared, ...raw, id: 'raw', path: '/raw' })).paths['/raw']?.['post']?.requestBody;
    expect(bodyOf({ rawBody: { as: 'bytes', maxBytes: 10 } })).toEqual({ required: true, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary', maxLength: 10 } } } });
    expect(bodyOf({ rawBody: { as: 'text' }, example: { headers: { 'content-type': 'message/rfc822' } } })).toEqual({ required: false, content: { 'message/rfc822': { schema: { type: 'string' } } } });
    expect(bodyOf({ rawBody: { as: 'text' } })).toMatchObject({ content: { '*/*': {} } });
  });

  it('refuses a route that names an error which no catalogue has', () => {
    expect(() => documentOf(defineRoute({ ...CountBowls, errors: ['SOUP_GREEN'] }))).toThrow('The route bowl.count names the error SOUP_GREEN');
  });
});
